import { type Kysely, sql } from "kysely";

/**
 * Adds the version of a schedule whose job was split; NULL for a split of an earlier release: that of its run.
 *
 * @param s - the schema, quoted
 */
export function splitVersions(s: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      await sql.raw(`ALTER TABLE ${s}.run_split ADD COLUMN schedule_version integer`).execute(db);
    },
  };
}
