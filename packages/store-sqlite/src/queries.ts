import {
  DummyDriver,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Statements, Value } from "./statements.js";

/** Builds queries; the statements run them. */
const builder = new Kysely<unknown>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

/** Runs a query that was put together from conditions, and returns all rows. */
export function query<Row>(statements: Statements, text: RawBuilder<unknown>): Row[] {
  const compiled = text.compile(builder);
  return statements.all<Row>(compiled.sql, ...(compiled.parameters as Value[]));
}
