import { type Kysely, sql } from "kysely";

/** Adds tables of the runs that are split, and of their shards; all other runs have no row in them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const statements = [
    `CREATE TABLE run_split (
      run_no INTEGER PRIMARY KEY,
      planned_at INTEGER NOT NULL,
      merging_at INTEGER,
      snapshot_token TEXT
    )`,
    `CREATE TABLE shard (
      run_no INTEGER NOT NULL,
      id TEXT NOT NULL,
      position INTEGER NOT NULL,
      part TEXT NOT NULL,
      progress TEXT NOT NULL,
      PRIMARY KEY (run_no, id)
    ) WITHOUT ROWID`,
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}
