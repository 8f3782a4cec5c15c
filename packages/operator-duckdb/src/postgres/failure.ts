import { isTidegateError } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import { JobFailure } from "../duckdb/failure.js";

/**
 * Classes of SQLSTATE whose errors may be gone at the next attempt: connections, a standby, transactions that were rolled back, missing resources, objects in use, an administrator's intervention, and system errors.
 */
const PASSING = /^(?:08|25006|40|53|55|57|58|XX)/;

/** Fields of an error of the server. */
interface ServerError {
  /** SQLSTATE; errors of the system have codes too, but no severity. */
  readonly code?: unknown;
  readonly severity?: unknown;
  readonly column?: unknown;
  /** Such as `COPY stage, line 1, column price: "x"`. */
  readonly where?: unknown;
}

/** Returns a job's failure for an error of Postgres, or of the connection; Tidegate's own errors pass. */
export function failureOf(error: unknown): unknown {
  if (isTidegateError(error)) return error;
  const { code, severity, column, where } = (error ?? {}) as ServerError;
  const isOfServer = typeof severity === "string" && typeof code === "string";
  const name = columnIn(column, where);
  const message = `${name === undefined ? "" : `Column ${name}: `}${messageOf(error)}`;
  return new JobFailure("JOB_FAILED", `Postgres: ${message}${isOfServer ? ` (${code})` : ""}`, {
    isRetryable: !isOfServer || PASSING.test(code),
    cause: error,
  });
}

function columnIn(column: unknown, where: unknown): string | undefined {
  if (typeof column === "string") return column;
  return typeof where === "string" ? /^COPY [^\n]*?, line \d+, column ([^\n:]+)/.exec(where)?.[1] : undefined;
}
