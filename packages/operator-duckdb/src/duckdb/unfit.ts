import { messageOf } from "@tidegate/core/plugin";
import { JobFailure } from "./failure.js";

/** Marks messages of `orUnfit` among DuckDB's errors. */
const MARK = "Tidegate: ";

/**
 * Returns an SQL expression for a value that fails the statement where the value is null.
 *
 * @param problem - what precedes `shown` in the message, such as `price is no DATE: `
 * @param shown - an expression of text
 */
export function orUnfit(value: string, problem: string, shown: string): string {
  return `coalesce(${value}, error('${(MARK + problem).replaceAll("'", "''")}' || ${shown}))`;
}

/** Returns the failure of a statement that met a value which does not fit; other errors pass. */
export function unfitFailure(error: unknown): unknown {
  const message = messageOf(error);
  const at = message.indexOf(MARK);
  if (at < 0) return error;
  return new JobFailure("JOB_FAILED", `Column ${message.slice(at + MARK.length)}`, { isRetryable: false });
}
