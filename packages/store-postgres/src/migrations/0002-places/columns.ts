/**
 * Notes of each run whether a job of it may still be working.
 *
 * @param s - the schema, quoted
 */
export const columns = (s: string): string[] => [
  dropFunctions(s),
  `ALTER TABLE ${s}.run ADD COLUMN is_job_open boolean NOT NULL DEFAULT false`,
  `UPDATE ${s}.run SET is_job_open = true WHERE state IN ('SUBMITTING', 'RUNNING')`,
  `CREATE INDEX run_job_open ON ${s}.run (group_id, lower, generation, upper) WHERE is_job_open`,
  `ALTER TABLE ${s}.backfill ADD COLUMN reason text`,
];

/** The functions that an earlier release has made: a manager that still calls them fails, rather than go by rules of old. */
const FORMER_FUNCTIONS = [
  "admit",
  "cancel_planned",
  "change_runs",
  "change_schedule",
  "change_schedules",
  "change_wave",
  "claim",
  "insert_beside",
  "insert_runs",
  "insert_schedules",
  "plan",
  "plan_backfill",
  "plan_wave",
  "purge_schedule",
  "resize_lane",
  "supersede",
];

function dropFunctions(s: string): string {
  const names = FORMER_FUNCTIONS.map((name) => `'${name}'`).join(", ");
  const schema = `'${s.replaceAll("'", "''")}'`;
  return `DO $do$
  DECLARE
    former regprocedure;
  BEGIN
    FOR former IN SELECT oid FROM pg_proc WHERE pronamespace = ${schema}::regnamespace AND proname IN (${names}) LOOP
      EXECUTE 'DROP FUNCTION ' || former;
    END LOOP;
  END $do$`;
}
