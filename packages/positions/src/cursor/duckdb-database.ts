import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { away, wrong } from "../kit/source-errors.js";
import {
  type CursorColumn,
  type CursorConnection,
  type CursorDatabase,
  literal,
  quoted,
  type SqlRow,
} from "./cursor-database.js";
import { fileIdentity } from "./sqlite-database.js";

/** The part of a connection of `@duckdb/node-api` that is used. */
export interface DuckdbConnection {
  runAndReadAll(sql: string): Promise<{ getRowObjectsJson(): readonly unknown[] }>;
}

/** Options of `duckdbDatabase`. */
export interface DuckdbDatabaseOptions {
  /** A connection of its own: in one that somebody else uses, an open transaction would be visible. */
  readonly connection: DuckdbConnection;
}

const optionsSchema = z.strictObject({
  connection: z.custom<DuckdbConnection>(
    (value) => typeof (value as { runAndReadAll?: unknown } | null)?.runAndReadAll === "function",
    "must be a connection of @duckdb/node-api",
  ),
});

/** The least value of each type of whole numbers. */
const LOWEST: Readonly<Record<string, bigint>> = {
  TINYINT: -(2n ** 7n),
  SMALLINT: -(2n ** 15n),
  INTEGER: -(2n ** 31n),
  BIGINT: -(2n ** 63n),
  HUGEINT: -(2n ** 127n),
  UTINYINT: 0n,
  USMALLINT: 0n,
  UINTEGER: 0n,
  UBIGINT: 0n,
  UHUGEINT: 0n,
};

/**
 * Returns a DuckDB database for `sqlCursor`. Its transactions write side by side, so that rows may appear in
 * another order than that of their keys: sources need `safetyDelayMs`.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function duckdbDatabase(options: DuckdbDatabaseOptions): CursorDatabase {
  const { connection } = parseOptions("DuckdbDatabaseOptions", optionsSchema, options);
  return { isOrdered: false, connect: () => new DuckdbCursor(connection) };
}

class DuckdbCursor implements CursorConnection {
  readonly #connection: DuckdbConnection;

  constructor(connection: DuckdbConnection) {
    this.#connection = connection;
  }

  async query(sql: string): Promise<readonly SqlRow[]> {
    try {
      return (await this.#connection.runAndReadAll(sql)).getRowObjectsJson() as SqlRow[];
    } catch (cause) {
      const [message = ""] = (cause as Error).message.split("\n");
      throw /^(Catalog|Binder|Parser) Error/.test(message) ? wrong(message, cause) : away(message, cause);
    }
  }

  async column(table: readonly string[], name: string): Promise<CursorColumn> {
    const [tableName = "", schema, database] = table.toReversed();
    const where = [
      `lower(table_name) = lower(${literal(tableName)})`,
      schema === undefined
        ? "schema_name = current_schema()"
        : `lower(schema_name) = lower(${literal(schema)})`,
      database === undefined
        ? "database_name = current_database()"
        : `lower(database_name) = lower(${literal(database)})`,
    ].join(" AND ");
    const [made] = await this.query(
      `SELECT CAST(table_oid AS VARCHAR) AS oid, path FROM duckdb_tables() JOIN duckdb_databases() USING (database_name) WHERE ${where}`,
    );
    if (made === undefined) throw wrong(`There is no table ${table.join(".")}.`);
    const [found] = await this.query(
      `SELECT data_type AS type, CAST(is_nullable AS VARCHAR) AS empty FROM duckdb_columns() WHERE ${where} AND lower(column_name) = lower(${literal(name)})`,
    );
    if (found === undefined) throw wrong(`The table ${table.join(".")} has no column ${name}.`);
    const lowest = LOWEST[found.type!];
    if (lowest === undefined)
      throw wrong(
        `The column ${name} of ${table.join(".")} is a ${found.type}: a cursor must be a whole number.`,
      );
    const keys = await this.query(
      `SELECT 1 FROM duckdb_constraints() WHERE ${where} AND constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND list_transform(constraint_column_names, lambda one: lower(one)) = [lower(${literal(name)})]`,
    );
    return {
      // Numbers of tables last as long as the database is open; that of memory is never opened again.
      incarnation: made.path == null ? `memory.${made.oid}` : fileIdentity(made.path),
      isUnique: keys.length > 0,
      isNullable: found.empty === "true",
      lowest: String(lowest),
    };
  }

  epochMs(column: string): string {
    return `epoch_ms(${quoted(column)})`;
  }

  close(): void {}
}
