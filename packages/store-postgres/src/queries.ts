import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
} from "kysely";
import type { Database } from "./database.js";

/** Builds queries; the database runs them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});

/** Runs a query that was put together from conditions, and returns all rows. */
export function query<Row>(database: Database, text: RawBuilder<unknown>): Promise<Row[]> {
  const compiled = text.compile(builder);
  return database.query<Row>(compiled.sql, compiled.parameters);
}
