import type { ErrorCode } from "@tidegate/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpError, ServiceErrorCode } from "./http-error.js";
import { refusalOf } from "./refusal.js";

/** The body of every refusal. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode | ServiceErrorCode;
    readonly message: string;
    /** Path of the offending part of the request. */
    readonly field?: string;
  };
}

/** Answers any error with its code and message, never a stack. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  answerRefusal(error, request, reply, bodyOf);
}

/** Answers any error with a body that the caller builds. */
export function answerRefusal(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  bodyOfRefusal: (refusal: HttpError) => object,
): void {
  const refusal = refusalOf(error, request);
  if (refusal.statusCode >= 500) request.log.error(error);
  reply.code(refusal.statusCode).headers(refusal.headers).type("application/json; charset=utf-8");
  reply.send(JSON.stringify(bodyOfRefusal(refusal)));
}

/** Returns the body of a refusal. */
export function bodyOf({ code, message, field }: Pick<HttpError, "code" | "message" | "field">): ErrorBody {
  return { error: field === undefined ? { code, message } : { code, message, field } };
}
