import type { ErrorCode } from "@tidegate/core";

/** Error codes of the manager's service; all others that it answers with are core's. */
export type ServiceErrorCode =
  | "REQUEST_INVALID"
  | "REQUEST_TIMED_OUT"
  | "UNAUTHORIZED"
  | "HOST_NOT_ALLOWED"
  | "ORIGIN_NOT_ALLOWED"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "INTERNAL";

/** Error codes of this client, for requests that no manager has answered. */
export type ClientErrorCode =
  /** There was no answer: the manager is away, or the connection failed. */
  | "MANAGER_UNAVAILABLE"
  /** There was no answer in time. The request may have been carried out. */
  | "MANAGER_TIMED_OUT"
  /** The answer is not a manager's, for example a proxy's page. */
  | "ANSWER_UNEXPECTED";

/** Details of an error besides its message. */
export interface ManagerErrorDetails {
  /** Path of the offending part of the request. */
  readonly field?: string | undefined;
  /** HTTP status. @default none: there was no answer */
  readonly status?: number;
  /** When the request may be repeated, ms from now. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/**
 * A request that failed, with the manager's code. Core's `isTidegateError` and `hasCode` know it by its shape;
 * it does not inherit from core's class, which would bring core into a web page.
 */
export class ManagerError extends Error {
  readonly code: ErrorCode | ServiceErrorCode | ClientErrorCode;
  /** Path of the offending part of the request, if there is one. */
  readonly field: string | undefined;
  /** HTTP status; `undefined` if there was no answer. */
  readonly status: number | undefined;
  /** When the request may be repeated, ms from now, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ManagerError["code"], message: string, details: ManagerErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "ManagerError";
    this.code = code;
    this.field = details.field;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }
}
