import { type Kysely, sql } from "kysely";

/**
 * Adds a table of the logs of attempts, their lines as JSON; attempts without logs have no row in it.
 *
 * @param s - the schema, quoted
 */
export function logs(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.attempt_log (
      run_id text COLLATE "C" NOT NULL,
      attempt integer NOT NULL,
      group_id text COLLATE "C" NOT NULL REFERENCES ${s}.schedule ON DELETE CASCADE,
      first bigint NOT NULL,
      lines text NOT NULL,
      PRIMARY KEY (run_id, attempt)
    )`,
    `CREATE INDEX attempt_log_by_group ON ${s}.attempt_log (group_id)`,
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
