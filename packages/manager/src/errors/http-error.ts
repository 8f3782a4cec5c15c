import type { ErrorCode } from "@tidegate/core";

/** Error codes that only the service uses; all others are core's. */
export type ServiceErrorCode =
  /** The request is malformed: `field` names the part. */
  | "REQUEST_INVALID"
  /** The request took too long to arrive. */
  | "REQUEST_TIMED_OUT"
  /** Missing or wrong credentials. */
  | "UNAUTHORIZED"
  /** The request was sent to a host name that is not the manager's. */
  | "HOST_NOT_ALLOWED"
  /** The request has effects, and was sent by a web page of another origin. */
  | "ORIGIN_NOT_ALLOWED"
  /** There is nothing at this path. */
  | "NOT_FOUND"
  /** The path exists, but does not support this method: the header `allow` lists those that it does. */
  | "METHOD_NOT_ALLOWED"
  /** An internal error; see the log. */
  | "INTERNAL";

/** Details of an error besides its message. */
export interface HttpErrorDetails {
  readonly field?: string;
  /** By lower-case name, such as `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal with its HTTP status. */
export class HttpError extends Error {
  readonly statusCode: number;
  readonly code: ErrorCode | ServiceErrorCode;
  readonly field: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    code: ErrorCode | ServiceErrorCode,
    message: string,
    details: HttpErrorDetails = {},
  ) {
    super(message);
    this.name = "HttpError";
    this.statusCode = statusCode;
    this.code = code;
    this.field = details.field;
    this.headers = details.headers ?? {};
  }
}
