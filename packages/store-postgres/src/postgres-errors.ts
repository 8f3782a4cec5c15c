import { type ErrorCode, isTidegateError, StoreError } from "@tidegate/core";
import { messageOf } from "@tidegate/core/plugin";
import { postgresCode as codeOf } from "@tidegate/postgres-kit";
import { NOT_AS_EXPECTED } from "./migrations/0032-shortcuts/end-function.js";

/**
 * Error codes of Postgres (https://www.postgresql.org/docs/current/errcodes-appendix.html), in full or by
 * class.
 */
const MEANINGS: readonly (readonly [prefix: string, code: ErrorCode, wayOut: string])[] = [
  ["08", "STORE_UNAVAILABLE", "cannot be reached; what was asked is tried again."],
  ["57P", "STORE_UNAVAILABLE", "is starting or shutting down; what was asked is tried again."],
  ["53300", "STORE_UNAVAILABLE", "has no connection left; raise max_connections or lower poolSize."],
  ["53", "STORE_FULL", "has no room left; make some and go on, nothing was lost."],
  ["25006", "STORE_READ_ONLY", "is read-only, as a standby is; connect to the primary."],
  ["42501", "STORE_READ_ONLY", "does not let this user; grant it all on the schema."],
  ["28", "STORE_FAILED", "refuses this user or its password."],
  ["3D000", "STORE_FAILED", "does not exist; create it: the store makes its schema, not its database."],
  ["XX001", "STORE_CORRUPT", "is not a sound database; restore it from a backup."],
  ["XX002", "STORE_CORRUPT", "has an index that is not sound; REINDEX it."],
];

/** System error codes of a connection that cannot be made or breaks. */
const BROKEN = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|ERR_SOCKET)/;

/** Messages of `pg` and Kysely for the same, which have no code. */
const BROKEN_MESSAGE = /timeout|terminated|not queryable|Connection ended|connection has been discarded/i;

const UNREACHABLE = ["STORE_UNAVAILABLE", "cannot be reached; what was asked is tried again."] as const;

/**
 * Returns whether the error is a deadlock or serialization failure: the statement did nothing and may be
 * repeated.
 */
export function isRepeatable(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40P01" || code === "40001";
}

/** Returns whether the error is a unique violation: the same run was inserted twice. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === "23505";
}

/** Returns whether a function has found a run other than as expected: the statement did nothing. */
export function isUnexpected(error: unknown): boolean {
  return codeOf(error) === NOT_AS_EXPECTED;
}

/**
 * Converts an error of Postgres or the connection to a `StoreError` that names the database and the way out.
 */
export function asStoreError(error: unknown, place: string): StoreError {
  if (isTidegateError(error)) return error;
  const [code, wayOut] = meaningOf(codeOf(error), messageOf(error));
  return new StoreError(code, `${place}: ${wayOut} (Postgres: ${messageOf(error)})`, { cause: error });
}

function meaningOf(code: string | undefined, message: string): readonly [ErrorCode, string] {
  if (code === undefined) return BROKEN_MESSAGE.test(message) ? UNREACHABLE : ["STORE_FAILED", "refused."];
  if (BROKEN.test(code)) return UNREACHABLE;
  const found = MEANINGS.find(([prefix]) => code.startsWith(prefix));
  return found === undefined ? ["STORE_FAILED", "refused."] : [found[1], found[2]];
}
