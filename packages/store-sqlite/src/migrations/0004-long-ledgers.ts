import { type Kysely, sql } from "kysely";

/**
 * Columns and indexes for counts and listings of long ledgers: how many runs each group has, the state of those that ended
 * without success, and indexes of runs that few ledgers have many of. A run that simply succeeds is in none of
 * them, and no column of them changes in its life, so they cost it little.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    "ALTER TABLE schedule_state ADD COLUMN run_count INTEGER NOT NULL DEFAULT 0",
    "UPDATE schedule_state SET run_count = (SELECT count(*) FROM run WHERE group_no = schedule_state.no)",
    "ALTER TABLE run ADD COLUMN failure TEXT",
    "UPDATE run SET failure = state WHERE state IN ('FAILED', 'CANCELLED', 'SKIPPED')",
    "CREATE INDEX run_failed ON run (group_no, lower, generation, upper) WHERE failure IS NOT NULL",
    "CREATE INDEX run_by_failure ON run (failure, id) WHERE failure IS NOT NULL",
    "CREATE INDEX run_beside ON run (group_no, lower, generation, upper) WHERE kind <> 'SCHEDULED'",
    "CREATE INDEX run_by_kind ON run (kind, id) WHERE kind <> 'SCHEDULED'",
    "CREATE INDEX run_with_reason ON run (group_no, reason) WHERE reason IS NOT NULL",
    "CREATE INDEX run_by_reason ON run (reason, id) WHERE reason IS NOT NULL",
    "CREATE INDEX run_late ON run (group_no) WHERE kind = 'SCHEDULED' AND planned_at - scheduled_time > 1000",
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
