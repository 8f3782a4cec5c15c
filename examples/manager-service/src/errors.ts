import { type ErrorCode, isTidegateError } from "@tidegate/core";
import type { FastifyReply, FastifyRequest } from "fastify";

const STATUS: Partial<Record<ErrorCode, number>> = {
  SCHEDULE_NOT_FOUND: 404,
  RUN_NOT_FOUND: 404,
  SCHEDULE_EXISTS: 409,
  SCHEDULE_VERSION_STALE: 409,
  SCHEDULE_STATUS_ILLEGAL: 409,
  RUN_STATE_ILLEGAL: 409,
  INTERVAL_OPEN: 409,
  STORE_FAILED: 503,
  STORE_FULL: 503,
  STORE_READ_ONLY: 503,
  STORE_CLOSED: 503,
};

/** Answers with the code of the error: what is not listed here is the caller's mistake. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (isTidegateError(error)) {
    const { code, message, field } = error;
    reply.code(STATUS[code] ?? 400).send({ code, message, field });
    return;
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode < 500) {
    reply.code(statusCode).send({ code: "BAD_REQUEST", message });
    return;
  }
  request.log.error(error);
  reply.code(500).send({ code: "INTERNAL", message: "Something went wrong; the log says what." });
}
