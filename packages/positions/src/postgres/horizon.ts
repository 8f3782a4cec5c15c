import { away, wrong } from "../kit/source-errors.js";
import { behind, greatest } from "../kit/whole-position.js";
import type { PostgresConnection } from "./connection.js";
import type { CursorTable } from "./cursor-table.js";

/** The first and the longest pause between two looks at the writers, ms. */
const PAUSE_MS = [5, 250] as const;

/** Locks of those who write to a table, or to a part of it. */
const WRITERS = `
  SELECT DISTINCT l.virtualtransaction AS id, l.pid, to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
  FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'relation' AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (l.relation = $1::oid OR l.relation IN (SELECT relid::oid FROM pg_partition_tree($1::oid::regclass)))
    AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

/**
 * Returns the end of the transactions that are over: whatever still runs, or has yet to begin, has a number of its
 * own that is not below.
 */
export async function transactionHorizon(connection: PostgresConnection): Promise<string> {
  const [row] = await connection.query("SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon");
  return row!.horizon!;
}

/**
 * Returns the end of the keys that were drawn from a table's sequence, once all who wrote to the table at that time
 * are done. A writer locks the table before it draws a key and lets go of it after its rows have appeared, so that
 * whoever holds no lock after the sequence was looked at draws greater keys.
 *
 * @param last - the SQL for the table's greatest key
 * @throws SourceError SOURCE_UNAVAILABLE if one of the writers is not done in time
 */
export async function sequenceHorizon(
  connection: PostgresConnection,
  { name, oid, sequence }: CursorTable,
  last: string,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const [drawn] = await connection.query(
    `SELECT has_sequence_privilege($1::oid, 'USAGE, SELECT') AS allowed, pg_sequence_last_value($1::oid::regclass) AS last, ${last} AS greatest`,
    [sequence],
  );
  if (drawn!.allowed !== "t") throw wrong(`The sequence of ${name} may not be read: GRANT SELECT on it.`);
  const end = greatest(drawn!.last ?? undefined, drawn!.greatest ?? undefined);
  let writers = await connection.query(WRITERS, [oid]);
  let waitedMs = 0;
  for (let ms: number = PAUSE_MS[0]; writers.length > 0; ms = Math.min(2 * ms, PAUSE_MS[1])) {
    if (waitedMs >= waitMs) {
      const [{ pid, since }] = writers as [(typeof writers)[0]];
      throw away(
        `A transaction of process ${pid} (since ${since}) writes to ${name}: its keys may be below those that are there already.`,
      );
    }
    signal.throwIfAborted();
    await connection.query("SELECT pg_sleep($1)", [ms / 1_000]);
    waitedMs += ms;
    const ids = writers.map(({ id }) => id);
    writers = await connection.query(`${WRITERS} AND l.virtualtransaction = ANY($2)`, [oid, ids]);
  }
  return end === undefined ? undefined : behind(end);
}
