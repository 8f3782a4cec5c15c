import { type Kysely, sql } from "kysely";

/**
 * Adds tables of the runs that are split, and of their shards; all other runs have no row in them.
 *
 * @param s - the schema, quoted
 */
export function shards(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  const statements = [
    `CREATE TABLE ${s}.run_split (
      run_id text COLLATE "C" PRIMARY KEY,
      group_id text COLLATE "C" NOT NULL REFERENCES ${s}.schedule ON DELETE CASCADE,
      planned_at bigint NOT NULL,
      merging_at bigint,
      snapshot_token text
    )`,
    `CREATE INDEX run_split_by_group ON ${s}.run_split (group_id)`,
    `CREATE TABLE ${s}.shard (
      run_id text COLLATE "C" NOT NULL REFERENCES ${s}.run_split ON DELETE CASCADE,
      id text COLLATE "C" NOT NULL,
      position integer NOT NULL,
      part text NOT NULL,
      progress text NOT NULL,
      PRIMARY KEY (run_id, id)
    )`,
  ];
  return {
    up: async (db) => {
      for (const statement of statements) await sql.raw(statement).execute(db);
    },
  };
}
