import type { JobMetrics } from "@tidegate/core/operator";
import type { Task } from "../run/task.js";
import type { CommitRecord, Copied } from "../target/commit-record.js";
import type { PostgresLink } from "./link.js";
import { type PostgresTable, quotedTable } from "./table.js";

/** The table, beside the target, that records which job wrote which interval. */
export const RECORD_TABLE = "tidegate_interval";

interface RecordRow extends Record<string, unknown> {
  readonly idempotency_key: string;
  readonly job_id: string;
  readonly group_id: string;
  readonly lower_ms: string;
  readonly upper_ms: string;
  readonly metrics: JobMetrics & Pick<Copied, "touched">;
}

/** Creates the table of records in a schema unless it is there, which needs no right to create it then. */
export async function makeRecordTable(link: PostgresLink, { schema }: PostgresTable): Promise<void> {
  const name = recordTable(schema);
  const [found] = await link.rows<{ exists: boolean }>("SELECT to_regclass($1) IS NOT NULL AS exists", [
    name,
  ]);
  if (found?.exists === true) return;
  // Two transactions that create it at once would fail on each other.
  await link.rows("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`tidegate ${name}`]);
  await link.run(`CREATE TABLE IF NOT EXISTS ${name} (
    table_name text NOT NULL, is_full boolean NOT NULL, lower_ms bigint NOT NULL, upper_ms bigint NOT NULL,
    idempotency_key text NOT NULL, job_id text NOT NULL, group_id text NOT NULL, metrics jsonb NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (table_name, is_full, lower_ms, upper_ms))`);
}

/** Returns the record of the job that wrote an interval, or `undefined`; of an upsert, the last one of its own group. */
export async function recordOf(
  link: PostgresLink,
  table: PostgresTable,
  task: Task,
): Promise<CommitRecord | undefined> {
  const { window } = task;
  const name = recordTable(table.schema);
  const [found] = await link.rows<{ exists: boolean }>("SELECT to_regclass($1) IS NOT NULL AS exists", [
    name,
  ]);
  if (found?.exists !== true) return undefined;
  const [row] = await link.rows<RecordRow>(
    `SELECT * FROM ${name} WHERE table_name = $1 AND is_full = $2 AND ($2 OR (lower_ms = $3 AND upper_ms = $4))
    ORDER BY upper_ms DESC LIMIT 1`,
    [recordedAs(table, task), window.isFull, window.lower, window.upper],
  );
  if (row === undefined) return undefined;
  const { idempotency_key, job_id, group_id } = row;
  const { touched, ...metrics } = row.metrics;
  const bounds = { lower: Number(row.lower_ms), upper: Number(row.upper_ms) };
  return {
    version: 1,
    idempotencyKey: idempotency_key,
    jobId: job_id,
    groupId: group_id,
    ...bounds,
    metrics,
    ...(touched === undefined ? {} : { touched }),
  };
}

/**
 * Records a job in the place of the jobs whose rows its own have replaced: those of any interval that shares
 * time with this one.
 */
export async function putRecord(
  link: PostgresLink,
  table: PostgresTable,
  task: Task,
  { metrics, ...rest }: Copied,
): Promise<void> {
  const { window, idempotencyKey, jobId, groupId } = task;
  const name = recordTable(table.schema);
  const { isFull, lower, upper } = window;
  const writer = recordedAs(table, task);
  // A replacement removes the rows of all groups.
  await link.run(
    `DELETE FROM ${name} WHERE (table_name = $1 OR starts_with(table_name, $1 || ' ')) AND (is_full = $2 OR $2)
    AND lower_ms < $4 AND upper_ms > $3`,
    [writer, isFull, lower, upper],
  );
  await link.run(
    `INSERT INTO ${name} (table_name, is_full, lower_ms, upper_ms, idempotency_key, job_id, group_id, metrics)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [writer, isFull, lower, upper, idempotencyKey, jobId, groupId, JSON.stringify({ ...metrics, ...rest })],
  );
}

/** Returns the name of a table in records. What an upsert writes stays beside the rows of other groups, which have records of their own. */
function recordedAs({ sql }: PostgresTable, { job: { target }, groupId }: Task): string {
  return target.format === "postgres" && target.write === "upsert" ? `${sql} ${groupId}` : sql;
}

function recordTable(schema: string): string {
  return quotedTable({ schema, table: RECORD_TABLE });
}
