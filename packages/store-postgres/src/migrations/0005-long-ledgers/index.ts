import { FAILURES } from "@tidegate/core/store";
import { type Kysely, sql } from "kysely";
import { planFunctions } from "../0002-places/plan-functions.js";
import { coverageFunction } from "./coverage-function.js";

/**
 * Columns and indexes for counts and listings of long ledgers: how many runs each group has, the end of those that
 * ended without success, and indexes of runs that few ledgers have many of. A run that simply succeeds is in
 * none of them, and no column of them changes in its life, so they cost it nothing.
 *
 * @param s - the schema, quoted
 */
export function longLedgers(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `ALTER TABLE ${s}.schedule_state ADD COLUMN run_count bigint NOT NULL DEFAULT 0`,
    `ALTER TABLE ${s}.run ADD COLUMN failure text GENERATED ALWAYS AS (${FAILURE}) STORED`,
    ...planFunctions(s),
    `UPDATE ${s}.schedule_state t SET run_count = n.runs
      FROM (SELECT group_id, count(*) AS runs FROM ${s}.run GROUP BY group_id) n WHERE n.group_id = t.group_id`,
    `CREATE INDEX run_failed ON ${s}.run (group_id, lower, generation, upper) WHERE failure IS NOT NULL`,
    `CREATE INDEX run_by_failure ON ${s}.run (failure, id) WHERE failure IS NOT NULL`,
    `CREATE INDEX run_beside ON ${s}.run (group_id, lower, generation, upper) WHERE kind <> 'SCHEDULED'`,
    `CREATE INDEX run_by_kind ON ${s}.run (kind, id) WHERE kind <> 'SCHEDULED'`,
    `CREATE INDEX run_with_reason ON ${s}.run (group_id, reason) WHERE reason IS NOT NULL`,
    `CREATE INDEX run_by_reason ON ${s}.run (reason, id) WHERE reason IS NOT NULL`,
    coverageFunction(s),
    `CREATE INDEX run_late ON ${s}.run (group_id) WHERE ${LATE}`,
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}

/** `failureOf` of core as SQL. */
const FAILURE = `CASE WHEN state IN (${FAILURES.map((state) => `'${state}'`).join(", ")}) THEN state END`;

/** The least lateness that `run_late` contains, ms; the schedule's delay is not taken off. */
export const LATE_MS = 1_000;

/** The predicate of `run_late`. */
export const LATE = `kind = 'SCHEDULED' AND planned_at - scheduled_time > ${LATE_MS}`;
