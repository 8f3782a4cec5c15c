import { type Kysely, sql } from "kysely";
import { deadlineFunctions } from "./deadline-functions.js";

/**
 * Adds tables for deadlines: how far each group has been judged, and a record of each that was not simply met.
 * Only groups with deadlines have rows in them.
 *
 * @param s - the schema, quoted
 */
export function deadlines(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.deadline_watch (
      group_id text COLLATE "C" PRIMARY KEY REFERENCES ${s}.schedule ON DELETE CASCADE,
      incarnation text NOT NULL,
      since bigint NOT NULL,
      cursor bigint,
      excused_from bigint,
      look_at bigint,
      look integer NOT NULL
    )`,
    `CREATE INDEX deadline_watch_due ON ${s}.deadline_watch (look_at, group_id) WHERE look_at IS NOT NULL`,
    `CREATE TABLE ${s}.deadline (
      group_id text COLLATE "C" NOT NULL REFERENCES ${s}.schedule ON DELETE CASCADE,
      subject text COLLATE "C" NOT NULL,
      lower bigint NOT NULL,
      upper bigint NOT NULL,
      deadline_at bigint NOT NULL,
      state text NOT NULL,
      reason text,
      since bigint NOT NULL,
      met_at bigint,
      told text NOT NULL,
      tell_at bigint,
      PRIMARY KEY (group_id, subject, lower)
    )`,
    `CREATE INDEX deadline_by_time ON ${s}.deadline (deadline_at, group_id, subject, lower)`,
    `CREATE INDEX deadline_of_group ON ${s}.deadline (group_id, deadline_at, subject, lower)`,
    `CREATE INDEX deadline_open ON ${s}.deadline (group_id, deadline_at) WHERE state IN ('AT_RISK', 'MISSED')`,
    `CREATE INDEX deadline_untold ON ${s}.deadline (tell_at) WHERE tell_at IS NOT NULL`,
    ...deadlineFunctions(s),
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
