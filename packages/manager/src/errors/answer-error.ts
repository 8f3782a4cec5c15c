import { hasZodFastifySchemaValidationErrors } from "@fastify/type-provider-zod";
import { type ErrorCode, isTidegateError } from "@tidegate/core";
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpError, type ServiceErrorCode } from "./http-error.js";
import { STATUS } from "./status.js";

/** What every refusal looks like. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode | ServiceErrorCode;
    readonly message: string;
    /** Path of the offending part of the request. */
    readonly field?: string;
  };
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The code with which this route refuses a body of another shape. @default "REQUEST_INVALID" */
    readonly invalidBodyCode?: ErrorCode;
  }
}

/** Answers any error: its code, its message, never a stack, and nothing of what this service did not mean to tell. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = refusalOf(error, request);
  if (refusal.statusCode >= 500) request.log.error(error);
  reply.code(refusal.statusCode).headers(refusal.headers).send(bodyOf(refusal));
}

/** Answers what is asked for at a path where nothing is. */
export function answerNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  reply.code(404).send(bodyOf(new HttpError(404, "NOT_FOUND", "There is nothing here.")));
}

function bodyOf({ code, message, field }: HttpError): ErrorBody {
  return { error: field === undefined ? { code, message } : { code, message, field } };
}

function refusalOf(error: unknown, request: FastifyRequest): HttpError {
  if (error instanceof HttpError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error, request);
  if (isTidegateError(error) && error.field === "cursor") {
    return new HttpError(400, "REQUEST_INVALID", error.message, { field: error.field });
  }
  if (isTidegateError(error) && Object.hasOwn(STATUS, error.code)) {
    const { code, message, field } = error;
    return new HttpError(STATUS[code], code, message, field === undefined ? {} : { field });
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HttpError(statusCode, codeOf(statusCode), message ?? "The request is malformed.");
  }
  return new HttpError(500, "INTERNAL", "Something went wrong; the log says what.");
}

type ValidationError = Error & {
  readonly validationContext?: string;
  readonly validation: readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message: string;
    readonly params: unknown;
  }[];
};

/** The first offending field, by the path that a person would write. */
function invalid(error: unknown, request: FastifyRequest): HttpError {
  const { validationContext, validation } = error as ValidationError;
  const { keyword, instancePath, message, params } = validation[0]!;
  const path = instancePath.split("/").filter((part) => part !== "");
  if (keyword === "unrecognized_keys") path.push(String((params as { keys?: unknown[] }).keys?.[0]));
  const field = path.join(".");
  const isBody = validationContext === "body";
  const code = (isBody ? request.routeOptions.config.invalidBodyCode : undefined) ?? "REQUEST_INVALID";
  const where = field === "" ? (validationContext ?? "request") : field;
  return new HttpError(400, code, `${where}: ${message}.`, field === "" ? {} : { field });
}

function codeOf(statusCode: number): ServiceErrorCode {
  if (statusCode === 401) return "UNAUTHORIZED";
  if (statusCode === 403) return "FORBIDDEN";
  return statusCode === 404 ? "NOT_FOUND" : "REQUEST_INVALID";
}
