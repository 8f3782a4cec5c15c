import type { AttemptLog } from "@tidegate/core/store";
import { toArrays } from "./arrays.js";
import type { Database } from "./database.js";

/** The columns of a log that is kept, in the order of their arrays. */
const COLUMNS = ["run_id", "attempt", "first", "lines"];

type Key = { readonly run_id: string; readonly attempt: number };

/** Keeps logs; `false` for one that is kept already, or whose run does not exist. */
export async function keepLogs(
  database: Database,
  s: string,
  logs: readonly AttemptLog[],
): Promise<boolean[]> {
  // As JSON, characters that Postgres does not store are escaped.
  const rows = logs.map(({ runId, attempt, first, lines }) => ({
    run_id: runId,
    attempt,
    first,
    lines: JSON.stringify(lines),
  }));
  const kept = await database.query<Key>(
    `INSERT INTO ${s}.attempt_log (run_id, attempt, group_id, first, lines)
      SELECT r.id, n.attempt, r.group_id, n.first, n.lines
        FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[])
          WITH ORDINALITY AS n (run_id, attempt, first, lines, no)
        JOIN ${s}.run r ON r.id = n.run_id ORDER BY n.no
      ON CONFLICT DO NOTHING RETURNING run_id, attempt`,
    toArrays(COLUMNS, rows),
  );
  const made = new Set(kept.map(({ run_id, attempt }) => `${run_id} ${attempt}`));
  return logs.map(({ runId, attempt }) => made.delete(`${runId} ${attempt}`));
}

/** Returns the log of an attempt, if it is kept. */
export async function getLog(
  database: Database,
  s: string,
  runId: string,
  attempt: number,
): Promise<AttemptLog | undefined> {
  const [row] = await database.query<{ first: number; lines: string }>(
    `SELECT first, lines FROM ${s}.attempt_log WHERE run_id = $1 AND attempt = $2`,
    [runId, attempt],
  );
  return row && { runId, attempt, first: row.first, lines: JSON.parse(row.lines) as string[] };
}
