import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { inodeIdentity } from "../kit/identity.js";
import { away, wrong } from "../kit/source-errors.js";
import { behind } from "../kit/whole-position.js";
import {
  type CursorColumn,
  type CursorConnection,
  type CursorDatabase,
  literal,
  quoted,
  type SqlRow,
} from "./cursor-database.js";

/** Options of `sqliteDatabase`. */
export interface SqliteDatabaseOptions {
  /** The database's file. */
  readonly path: string;
  /** How long a question waits for a writer that locks the file, ms. @default 5,000 */
  readonly busyMs?: number;
}

const optionsSchema = z.strictObject({
  path: z.string().min(1),
  busyMs: z.number().int().min(0).max(60_000).default(5_000),
});

/** The least whole number that SQLite holds. */
const LOWEST = String(-(2n ** 63n));

/**
 * Returns a SQLite file for `sqlCursor`. It is opened for each question, to be read only, so that another file
 * in its place is noticed.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function sqliteDatabase(options: SqliteDatabaseOptions): CursorDatabase {
  const { path, busyMs } = parseOptions("SqliteDatabaseOptions", optionsSchema, options);
  return { isOrdered: true, connect: () => new SqliteConnection(path, busyMs) };
}

class SqliteConnection implements CursorConnection {
  readonly #path: string;
  readonly #database: DatabaseSync;

  constructor(path: string, timeout: number) {
    this.#path = path;
    this.#database = guarded(() => new DatabaseSync(path, { readOnly: true, timeout }));
  }

  async query(sql: string): Promise<readonly SqlRow[]> {
    return guarded(() => this.#database.prepare(sql).all() as unknown as SqlRow[]);
  }

  async column([table = "", ...more]: readonly string[], name: string): Promise<CursorColumn> {
    if (more.length > 0) throw wrong(`source.table: must be the name of a table alone.`);
    // Its number among the tables that are stored: VACUUM moves indexes, views and virtual tables behind them.
    const tables = "FROM sqlite_schema WHERE type = 'table' AND rootpage > 0";
    const [made] = await this.query(
      `SELECT CAST((SELECT count(*) ${tables} AND rowid <= own.at) AS TEXT) AS place FROM (SELECT rowid AS at ${tables} AND name = ${literal(table)} COLLATE NOCASE) AS own`,
    );
    if (made === undefined) throw wrong(`There is no table ${table}.`);
    const columns = await this.query(
      `SELECT name, upper(type) AS type, CAST(pk AS TEXT) AS pk, CAST("notnull" AS TEXT) AS filled FROM pragma_table_xinfo(${literal(table)})`,
    );
    const found = columns.find((column) => column.name!.toLowerCase() === name.toLowerCase());
    if (found === undefined && name.toLowerCase() !== "rowid")
      throw wrong(`The table ${table} has no column ${name}.`);
    const isRowid = found === undefined || (found.type === "INTEGER" && isOnlyKey(found, columns));
    const next = isRowid ? await this.#next(table) : undefined;
    await this.#refuseOthers(table, name);
    return {
      incarnation: `${fileIdentity(this.#path)}.${made.place}`,
      isUnique: isRowid || (await this.#isUnique(table, name)),
      isNullable: !isRowid && found.filled !== "1",
      ...(next === undefined ? {} : { next }),
      lowest: LOWEST,
    };
  }

  epochMs(column: string): string {
    const at = quoted(column);
    return `(CASE typeof(${at}) WHEN 'integer' THEN ${at} ELSE CAST(round(unixepoch(${at}, 'subsec') * 1000) AS INTEGER) END)`;
  }

  close(): void {
    this.#database.close();
  }

  /** A table with AUTOINCREMENT never gives a number twice, and keeps the last. */
  async #next(table: string): Promise<string | undefined> {
    const [kept] = await this.query("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'");
    if (kept === undefined) return undefined;
    const [row] = await this.query(
      `SELECT CAST(seq AS TEXT) AS seq FROM sqlite_sequence WHERE name = ${literal(table)} COLLATE NOCASE`,
    );
    return row === undefined ? undefined : behind(row.seq!);
  }

  async #isUnique(table: string, column: string): Promise<boolean> {
    const indexes = await this.query(
      `SELECT name FROM pragma_index_list(${literal(table)}) WHERE "unique" = 1 AND partial = 0`,
    );
    for (const { name } of indexes) {
      const columns = await this.query(`SELECT name FROM pragma_index_info(${literal(name!)})`);
      if (columns.length === 1 && columns[0]!.name?.toLowerCase() === column.toLowerCase()) return true;
    }
    return false;
  }

  /** Values have types of their own: texts and bytes come behind all numbers, so that the last one shows them. */
  async #refuseOthers(table: string, column: string): Promise<void> {
    const [from, at] = [quoted(table), quoted(column)];
    const [types] = await this.query(
      `SELECT (SELECT typeof(min(${at})) FROM ${from}) AS first, (SELECT typeof(max(${at})) FROM ${from}) AS last`,
    );
    const other = [types!.first, types!.last].find((type) => type !== "integer" && type !== "null");
    if (other !== undefined)
      throw wrong(`The column ${column} of ${table} holds a ${other}: a cursor must be a whole number.`);
  }
}

function isOnlyKey(found: SqlRow, columns: readonly SqlRow[]): boolean {
  return found.pk === "1" && columns.filter(({ pk }) => pk !== "0").length === 1;
}

/** Returns what tells a file from another one in its place. */
export function fileIdentity(path: string): string {
  return inodeIdentity(statSync(path));
}

/** SQLite's messages about a query with an unknown name, and about a file that is no database. */
const WRONG = /^no such (table|column|function)|is not a database|syntax error/;

function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    const { message } = cause as Error;
    throw WRONG.test(message) ? wrong(`${message}.`, cause) : away(`${message}.`, cause);
  }
}
