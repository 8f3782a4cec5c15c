import { isTidegateError } from "@tidegate/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { ZodError } from "zod";

const STATUS: Readonly<Record<string, number>> = {
  SCHEDULE_NOT_FOUND: 404,
  SCHEDULE_EXISTS: 409,
  SCHEDULE_VERSION_STALE: 409,
  SCHEDULE_STATUS_ILLEGAL: 409,
  SCHEDULE_INVALID: 400,
  TRIGGER_INVALID: 400,
  TRIGGER_EXHAUSTED: 400,
  TIMEZONE_UNKNOWN: 400,
  JOB_INVALID: 400,
};

/**
 * Sends any error in the only form that Flink's client recognizes and shows to whoever typed the statement:
 * an object with only `errors`. Never a stack, nor anything not meant for callers.
 */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { status, message } = refusalOf(error);
  if (status >= 500) request.log.error(error);
  reply.code(status).send({ errors: [message] });
}

function refusalOf(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof ZodError) {
    const issue = error.issues[0]!;
    return { status: 400, message: `${issue.path.map(String).join(".") || "body"}: ${issue.message}.` };
  }
  if (isTidegateError(error)) {
    const status = STATUS[error.code] ?? (error.code.startsWith("STORE_") ? 503 : 500);
    return { status, message: `${error.message} (${error.code})` };
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message?: string };
  if (statusCode >= 400 && statusCode < 500) return { status: statusCode, message: message ?? "Malformed." };
  return { status: 500, message: "Something went wrong; Tidegate's log says what." };
}
