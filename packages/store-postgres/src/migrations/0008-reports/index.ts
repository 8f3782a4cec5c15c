import { type Kysely, sql } from "kysely";
import { runFunctions } from "../0002-places/run-functions.js";
import { scheduleFunctions } from "../0002-places/schedule-functions.js";
import { gateFunctions } from "../0003-gates/gate-functions.js";
import { inputFunctions } from "./input-functions.js";
import { reportFunctions } from "./report-functions.js";

/**
 * Adds columns for reports of source groups, and for what runs have read: their inputs (as JSON, and each in a
 * table of its own, by the group that is read), when one of them changed last, and whether that is noted.
 * `input_reach` has the length of each group's longest input. Replaces the functions that know of them.
 *
 * @param s - the schema, quoted
 */
export function reports(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `ALTER TABLE ${s}.run
      ADD COLUMN report text,
      ADD COLUMN inputs text,
      ADD COLUMN stale_at bigint,
      ADD COLUMN is_stale_noted boolean NOT NULL DEFAULT false`,
    `CREATE INDEX run_stale ON ${s}.run (group_id, lower, generation, upper)
      WHERE stale_at IS NOT NULL AND NOT is_superseded`,
    `CREATE TABLE ${s}.run_input (
      group_id text COLLATE "C" NOT NULL,
      upper bigint NOT NULL,
      lower bigint NOT NULL,
      run_id text COLLATE "C" NOT NULL,
      digest text NOT NULL,
      is_partial boolean NOT NULL,
      PRIMARY KEY (group_id, upper, lower, run_id)
    )`,
    `CREATE INDEX run_input_by_run ON ${s}.run_input (run_id)`,
    `CREATE INDEX run_input_partial ON ${s}.run_input (group_id) WHERE is_partial`,
    `CREATE TABLE ${s}.input_reach (group_id text COLLATE "C" PRIMARY KEY, longest_ms bigint NOT NULL)`,
    ...inputFunctions(s),
    ...reportFunctions(s),
    ...runFunctions(s),
    ...gateFunctions(s),
    ...scheduleFunctions(s),
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
