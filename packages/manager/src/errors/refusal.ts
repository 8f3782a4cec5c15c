import { hasZodFastifySchemaValidationErrors } from "@fastify/type-provider-zod";
import { type ErrorCode, isTidegateError, type TidegateError } from "@tidegate/core";
import type { FastifyRequest } from "fastify";
import { HttpError, type ServiceErrorCode } from "./http-error.js";
import { STATUS } from "./status.js";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The code with which this route refuses an invalid body. @default "REQUEST_INVALID" */
    readonly invalidBodyCode?: ErrorCode;
  }
}

/**
 * Converts any error into an answer. What this service did not intend to reveal, such as a path, goes to the
 * log only.
 */
export function refusalOf(error: unknown, request: FastifyRequest): HttpError {
  if (error instanceof HttpError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error, request);
  if (isTidegateError(error) && error.field === "cursor") {
    return new HttpError(400, "REQUEST_INVALID", error.message, { field: error.field });
  }
  if (isTidegateError(error) && Object.hasOwn(STATUS, error.code)) {
    const { code, message, field } = error;
    const details = { ...(field === undefined ? {} : { field }), headers: retryAfter(error) };
    if (code === "INTERVAL_OPEN" && "retry-after" in details.headers) {
      return new HttpError(425, code, message, details);
    }
    const statusCode = STATUS[code];
    if (statusCode < 500) return new HttpError(statusCode, code, message, details);
    return new HttpError(statusCode, code, FAULTS[code] ?? INTERNAL, { headers: details.headers });
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new HttpError(statusCode, codeOf(statusCode), message ?? "The request is malformed.");
  }
  return new HttpError(500, "INTERNAL", INTERNAL);
}

/** Returns the header that says when the request may be repeated, if the error says so. */
function retryAfter(error: TidegateError): Readonly<Record<string, string>> {
  const { retryAfterMs } = error as { retryAfterMs?: unknown };
  if (typeof retryAfterMs !== "number") return {};
  return { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
}

const INTERNAL = "Something went wrong; the log says what.";

/** Messages for faults that are not the caller's: no path, no address, no other program's words. */
const FAULTS: Partial<Record<ErrorCode, string>> = {
  ENGINE_FAILED: "The engine cannot be reached, or refused; the log says why.",
  INTERVAL_DEFERRED: "This interval is planned when runs before it have ended.",
  PLAN_FAILED: "The group cannot be planned, which is retried; the log says why.",
  NOT_RUNNING: "Tidegate is not running.",
  STORE_UNAVAILABLE: "The store cannot be reached. Try again later.",
  STORE_LOCKED: "Another process holds the store.",
  STORE_CORRUPT: "The store is damaged; the log says where.",
  STORE_READ_ONLY: "The store cannot be written to.",
  STORE_FULL: "The store has no room left.",
  STORE_NEWER: "The store was written by a newer version of Tidegate.",
  STORE_FAILED: "The store failed; the log says why.",
  STORE_CLOSED: "Tidegate has been stopped.",
};

type ValidationError = Error & {
  readonly validationContext?: string;
  readonly validation: readonly {
    readonly keyword: string;
    readonly instancePath: string;
    readonly message: string;
    readonly params: unknown;
  }[];
};

/** Fields of a definition that have a code of their own, as if they were given to the client. */
const DEPENDENCY_FIELDS: readonly string[] = ["dependsOn", "dependsOnPast"];

/** Returns an error that names the first offending field, by the path that a person would write. */
function invalid(error: unknown, request: FastifyRequest): HttpError {
  const { validationContext, validation } = error as ValidationError;
  const { keyword, instancePath, message, params } = validation[0]!;
  const path = instancePath.split("/").filter((part) => part !== "");
  if (keyword === "unrecognized_keys") path.push(String((params as { keys?: unknown[] }).keys?.[0]));
  // A repeatable parameter is one field.
  const field = validationContext === "querystring" ? (path[0] ?? "") : path.join(".");
  const isBody = validationContext === "body";
  const ofBody = isBody ? request.routeOptions.config.invalidBodyCode : undefined;
  const isOfDependency = ofBody === "SCHEDULE_INVALID" && DEPENDENCY_FIELDS.includes(path[0]!);
  const code = isOfDependency ? "DEPENDENCY_INVALID" : (ofBody ?? "REQUEST_INVALID");
  const where = field === "" ? (validationContext ?? "request") : field;
  return new HttpError(400, code, `${where}: ${message}.`, field === "" ? {} : { field });
}

function codeOf(statusCode: number): ErrorCode | ServiceErrorCode {
  if (statusCode === 401) return "UNAUTHORIZED";
  if (statusCode === 403) return "FORBIDDEN";
  return statusCode === 404 ? "NOT_FOUND" : "REQUEST_INVALID";
}
