import { operatorOf } from "./operator-of.js";
import { QUEUE_NO } from "./queues.js";

/**
 * Adds columns for where each run stands: its place, when it is ready, until when it is leased, what it waits
 * for, and in which queue it waits for which operator (`queue` is its index in `CLAIM_QUEUES`); and for
 * whether a job of it may still be working. No index contains runs that have ended. Ledgers get names.
 *
 * @param s - the schema, quoted
 */
export const columns = (s: string): string[] => [
  dropFunctions(s),
  `ALTER TABLE ${s}.schedule ADD COLUMN incarnation text NOT NULL DEFAULT ''`,
  `ALTER TABLE ${s}.schedule_state ADD COLUMN incarnation text NOT NULL DEFAULT ''`,
  `ALTER TABLE ${s}.run
    ADD COLUMN operator text COLLATE "C" NOT NULL DEFAULT '',
    ADD COLUMN place text NOT NULL DEFAULT 'none',
    ADD COLUMN queue smallint NOT NULL DEFAULT 0,
    ADD COLUMN ready_at bigint,
    ADD COLUMN lease_until bigint,
    ADD COLUMN wait text,
    ADD COLUMN is_job_open boolean NOT NULL DEFAULT false`,
  `UPDATE ${s}.run r SET
      operator = coalesce(${operatorOf(s, "r.group_id", "r.schedule_version")}, ''),
      place = CASE WHEN r.is_blocking AND r.kind = 'SCHEDULED' THEN 'blocking'
        WHEN r.state IN ('SUBMITTING', 'RUNNING') THEN 'active' WHEN r.state <> 'PLANNED' THEN 'none'
        WHEN r.wake_at IS NULL THEN 'waiting' ELSE 'ready' END,
      queue = CASE WHEN r.token > 0 THEN ${QUEUE_NO.retry} WHEN r.kind = 'BACKFILL' THEN ${QUEUE_NO.rest}
        ELSE ${QUEUE_NO.live} END,
      ready_at = CASE WHEN r.state = 'PLANNED' THEN CASE r.wake_at WHEN 0 THEN r.planned_at ELSE r.wake_at END END,
      lease_until = CASE WHEN r.state IN ('SUBMITTING', 'RUNNING') THEN coalesce(r.wake_at, 0) END,
      wait = CASE WHEN r.state = 'PLANNED' AND r.wake_at IS NULL
        THEN json_build_object('reason', 'lane', 'since', r.planned_at)::text END,
      is_job_open = r.state IN ('SUBMITTING', 'RUNNING')`,
  `DROP INDEX ${s}.run_by_wake`,
  `DROP INDEX ${s}.run_open`,
  `ALTER TABLE ${s}.run DROP COLUMN wake_at`,
  `CREATE INDEX run_ready ON ${s}.run (operator, queue, ready_at, id) WHERE place = 'ready'`,
  `CREATE INDEX run_held ON ${s}.run (lease_until, id) WHERE lease_until IS NOT NULL OR is_job_open`,
  `CREATE INDEX run_planned ON ${s}.run (group_id, lower, generation, upper)
    WHERE place IN ('waiting', 'gated', 'ready')`,
  `CREATE INDEX run_blocking ON ${s}.run (group_id, lower, generation, upper) WHERE is_blocking`,
  // Without the state: a change of an indexed column would write all indexes of the row.
  `CREATE INDEX run_uncovered ON ${s}.run (group_id, lower, generation, upper)
    WHERE reason = 'overlap-cancelled' AND NOT is_superseded`,
  `ALTER TABLE ${s}.backfill ADD COLUMN reason text`,
];

/**
 * Functions of an earlier release: a manager that still calls them fails rather than follow outdated rules.
 */
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
