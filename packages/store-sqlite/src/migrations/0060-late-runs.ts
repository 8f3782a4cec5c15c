import { type Kysely, sql } from "kysely";

/**
 * Counts the late runs of each group where they are planned, in a row that is written anyway, instead of having an index
 * of them: in a backlog, each run is late, and its entry was in a page of its group's.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE schedule_state ADD COLUMN late_runs INTEGER NOT NULL DEFAULT 0",
    `UPDATE schedule_state SET late_runs = (
      SELECT count(*) FROM run INDEXED BY run_late
        JOIN schedule_version v ON v.schedule_no = run.group_no AND v.version = run.schedule_version
        WHERE run.group_no = schedule_state.no AND run.kind = 'SCHEDULED' AND run.planned_at - run.scheduled_time > 1000
          AND run.planned_at - run.scheduled_time - json_extract(v.spec, '$.delayMs') > 1000
    ) WHERE run_count > 0`,
    "DROP INDEX run_late",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
