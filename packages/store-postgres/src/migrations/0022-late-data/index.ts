import { type Kysely, sql } from "kysely";
import { lateFunctions } from "./late-functions.js";

/**
 * Adds tables for late data: how far each group has looked back, which a trigger keeps, and time for which rows
 * came after it had been covered. Only groups that look back, or for which late data was reported, have rows in
 * them.
 *
 * @param s - the schema, quoted
 */
export function lateData(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.lookback (
      group_id text COLLATE "C" PRIMARY KEY REFERENCES ${s}.schedule ON DELETE CASCADE,
      cursor bigint NOT NULL,
      look_at bigint,
      look integer NOT NULL
    )`,
    `CREATE INDEX lookback_due ON ${s}.lookback (look_at, group_id) WHERE look_at IS NOT NULL`,
    `CREATE TABLE ${s}.late_time (
      group_id text COLLATE "C" NOT NULL REFERENCES ${s}.schedule ON DELETE CASCADE,
      upper bigint NOT NULL,
      lower bigint NOT NULL,
      reported_by text COLLATE "C" NOT NULL,
      run_id text COLLATE "C" NOT NULL,
      rows_late bigint,
      reports integer NOT NULL,
      first_at bigint NOT NULL,
      last_at bigint NOT NULL,
      state text NOT NULL,
      backfill_id text,
      PRIMARY KEY (group_id, upper, lower, reported_by)
    )`,
    `CREATE INDEX late_time_pending ON ${s}.late_time (group_id, upper, lower, reported_by) WHERE state = 'PENDING'`,
    ...lateFunctions(s),
    `CREATE TRIGGER watch_lookback AFTER INSERT ON ${s}.schedule_version FOR EACH ROW
      WHEN (NEW.version > 1 OR NEW.spec LIKE '%"lookback":{%') EXECUTE FUNCTION ${s}.watch_lookback()`,
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
