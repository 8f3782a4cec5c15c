import { type Kysely, sql } from "kysely";
import { tables } from "./tables.js";

/** Creates the tables in a schema. */
export function initial(schema: string): { up: (db: Kysely<unknown>) => Promise<void> } {
  return {
    up: async (db) => {
      for (const statement of tables(schema)) await sql.raw(statement).execute(db);
    },
  };
}
