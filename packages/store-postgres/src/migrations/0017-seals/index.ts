import { type Kysely, sql } from "kysely";

/**
 * Adds a table of the seals that persons have set; groups that were never sealed have no row in it.
 *
 * @param s - the schema, quoted
 */
export function seals(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const table = `CREATE TABLE ${s}.seal (
    group_id text COLLATE "C" PRIMARY KEY REFERENCES ${s}.schedule ON DELETE CASCADE,
    through bigint NOT NULL,
    note text NOT NULL,
    sealed_at bigint NOT NULL
  )`;
  return { up: async (db) => void (await sql.raw(table).execute(db)) };
}
