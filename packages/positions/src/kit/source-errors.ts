import { isTidegateError, SourceError } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import { InvalidSource } from "./invalid-source.js";

/** Returns the error of a source that cannot be asked now. */
export function away(message: string, cause?: unknown): SourceError {
  return new SourceError("SOURCE_UNAVAILABLE", message, { cause });
}

/** Returns the error of a source that must be changed first. */
export function wrong(message: string, cause?: unknown): SourceError {
  return new SourceError("SOURCE_INVALID", message, { cause });
}

/** Returns an error as the contract has it: any other than a `SourceError` says that the source is away. */
export function asSourceError(error: unknown): Error {
  if (isTidegateError(error)) return error;
  if (error instanceof InvalidSource) return wrong(`source.${error.field}: ${error.message}.`, error);
  return away(messageOf(error), error);
}
