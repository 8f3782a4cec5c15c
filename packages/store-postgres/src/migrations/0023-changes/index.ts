import { type Kysely, sql } from "kysely";
import { changeFunctions } from "./change-functions.js";

/**
 * Adds the log of changes: its entries, its state in one row, and the managers that write to it.
 *
 * @param s - the schema, quoted
 */
export function changes(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.change (
      seq bigint PRIMARY KEY,
      at bigint NOT NULL,
      changes text NOT NULL
    )`,
    `CREATE TABLE ${s}.change_log (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      epoch text NOT NULL,
      last bigint NOT NULL,
      floor bigint NOT NULL,
      open_until bigint NOT NULL
    )`,
    `CREATE TABLE ${s}.change_teller (
      name text COLLATE "C" PRIMARY KEY,
      seen_at bigint NOT NULL
    )`,
    ...changeFunctions(s),
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
