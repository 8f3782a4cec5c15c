import { MAIN_PARTITION, type OffsetBounds, type OffsetBoundsContext } from "@tidegate/core/offset";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { type DefinedProvider, defineProvider } from "../kit/define-provider.js";
import { digestOf } from "../kit/identity.js";
import { chosenPlace, placeName, placeOf, placesOf, unknownPlace } from "../kit/named.js";
import { wrong } from "../kit/source-errors.js";
import { behind, compareWhole, greatest, smaller } from "../kit/whole-position.js";
import { type CursorConnection, type CursorDatabase, quoted } from "./cursor-database.js";
import { CursorRange, mainRange, mainVector } from "./cursor-range.js";

/** Options of `sqlCursor`. */
export interface SqlCursorOptions {
  /** The databases whose tables may be read, by the names that schedules use. */
  readonly databases: Readonly<Record<string, CursorDatabase>>;
}

const database = z.custom<CursorDatabase>(
  (value) => typeof (value as { connect?: unknown } | null)?.connect === "function",
  "must be what sqliteDatabase() or duckdbDatabase() returns",
);

const optionsSchema = z.strictObject({ databases: placesOf(database) });

const sqlName = z
  .string()
  .regex(/^[^"\p{Cc}.]{1,200}$/u, "must be a name of 1 to 200 characters, without quotes");

const sourceSchema = z.strictObject({
  database: placeName.optional(),
  table: z
    .string()
    .regex(/^[^"\p{Cc}.]{1,200}(\.[^"\p{Cc}.]{1,200}){0,2}$/u, "must be the name of a table, without quotes"),
  column: sqlName,
  timeColumn: sqlName.optional(),
  safetyDelayMs: z.number().int().min(0).max(86_400_000).optional(),
});

type Source = z.output<typeof sourceSchema>;

/**
 * Returns the provider `sql-cursor`: a table is read by a column of whole numbers that grows, in one partition. A
 * schedule's source:
 *
 * - `database`: its name in the options. Default: the only one;
 * - `table`: its name, after that of its schema if need be: `sales.orders`;
 * - `column`: the key, such as `id`; in SQLite also `rowid`;
 * - `timeColumn`: a column with the instant at which each row was inserted, for `safetyDelayMs` and for a start
 *   at an instant;
 * - `safetyDelayMs`: how long a transaction may take, ms, up to a day: younger rows are left for later. Required
 *   for a database whose transactions write side by side, 0 if only one at a time does.
 *
 * ```ts
 * createTidegate({
 *   store, engines, operators,
 *   offsetProviders: [sqlCursor({ databases: { shop: sqliteDatabase({ path: "/data/shop.db" }) } })],
 * });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function sqlCursor(options: SqlCursorOptions): DefinedProvider {
  const { databases } = parseOptions("SqlCursorOptions", optionsSchema, options);
  const databaseOf = (source: Source): CursorDatabase | undefined => placeOf(databases, source.database);
  const withTable = async <T>(source: Source, work: (table: Table) => Promise<T>): Promise<T> => {
    const connection = await databaseOf(source)!.connect();
    try {
      return await work(new Table(connection, source));
    } finally {
      connection.close();
    }
  };
  return defineProvider<Source>({
    type: "sql-cursor",
    sourceSchema: sourceSchema
      .refine((source) => databaseOf(source) !== undefined, unknownPlace("database", databases))
      .refine((source) => source.safetyDelayMs !== undefined || databaseOf(source)?.isOrdered !== false, {
        message: "is required: transactions of this database write side by side",
        path: ["safetyDelayMs"],
      })
      .refine(({ timeColumn, safetyDelayMs = 0 }) => timeColumn !== undefined || safetyDelayMs === 0, {
        message: "is required by safetyDelayMs",
        path: ["timeColumn"],
      }),
    dataOf: ({ database, table, column }) => ({
      database: chosenPlace(databases, database),
      table: table.toLowerCase(),
      column: column.toLowerCase(),
    }),
    notesOn: (source) => notesOn(source, databaseOf(source)!),
    compare: (_, a, b) => compareWhole(a, b),
    bounds: (source, context) => withTable(source, (table) => table.bounds(context)),
    at: (source, instant, { now }) => withTable(source, (table) => table.at(instant, now)),
    cut: (source, range, { records }) =>
      withTable(source, async (table) => mainVector(await table.range.cut(mainRange(range), records))),
    size: (source, range) =>
      withTable(source, async (table) => ({ records: await table.range.count(mainRange(range)) })),
  });
}

function notesOn({ column, safetyDelayMs, timeColumn }: Source, { isOrdered }: CursorDatabase): string[] {
  const notes = ["Rows that are deleted before they were read are not noticed."];
  if (!isOrdered)
    notes.push(
      safetyDelayMs === 0
        ? `Rows are missed if they appear in another order than that of ${column}: only one transaction may write at a time.`
        : `Rows of a transaction that takes longer than ${safetyDelayMs} ms are missed.`,
    );
  if (timeColumn !== undefined && safetyDelayMs !== undefined && safetyDelayMs > 0)
    notes.push(`Each look scans ${timeColumn}, unless it is indexed.`);
  return notes;
}

/** A table of an open database, read by its column. */
class Table {
  readonly #connection: CursorConnection;
  readonly #source: Source;
  readonly #table: string;
  readonly #column: string;
  readonly range: CursorRange;

  constructor(connection: CursorConnection, source: Source) {
    this.#connection = connection;
    this.#source = source;
    this.#table = quoted(...source.table.split("."));
    this.#column = quoted(source.column);
    const [table, column] = [this.#table, this.#column];
    this.range = new CursorRange({ query: (sql) => connection.query(sql), table, column });
  }

  async bounds({ now, read }: Pick<OffsetBoundsContext, "now" | "read">): Promise<OffsetBounds> {
    const { table, column, safetyDelayMs = 0, timeColumn = "" } = this.#source;
    const known = await this.#connection.column(table.split("."), column);
    // A file knows nothing of its tables, and a table nothing of its columns.
    const incarnation = `${known.incarnation}.${digestOf(table.toLowerCase(), column.toLowerCase())}`;
    const isOld = `${this.#connection.epochMs(timeColumn)} <= ${now - safetyDelayMs}`;
    const wanted = {
      last: this.range.extreme("greatest"),
      ...(known.isNullable
        ? { holes: `(SELECT 'yes' FROM ${this.#table} WHERE ${this.#column} IS NULL LIMIT 1)` }
        : {}),
      ...(safetyDelayMs > 0
        ? {
            old: this.range.extreme("greatest", isOld),
            young: this.range.extreme("least", `NOT coalesce(${isOld}, false)`),
          }
        : {}),
    };
    const columns = Object.entries(wanted).map(([name, expression]) => `${expression} AS ${name}`);
    const [found] = await this.#connection.query(`SELECT ${columns.join(", ")}`);
    const { last, holes, old, young } = found!;
    if (holes != null)
      throw wrong(`The column ${column} of ${table} is NULL in some rows, which no range would hold.`);
    // More rows may get a value that is not unique, so the greatest is left until there is a greater one.
    const end = (value: string | null | undefined): string | undefined =>
      value == null ? undefined : known.isUnique ? behind(value) : value;
    let latest = greatest(end(last), known.next) ?? known.lowest;
    if (safetyDelayMs > 0) {
      // Rows that do not appear yet come behind all old ones, but may come before young ones.
      const safe = smaller(end(old) ?? known.lowest, young ?? latest);
      const upTo = read?.incarnation === incarnation ? read.upTo[MAIN_PARTITION] : undefined;
      latest = upTo === undefined ? safe : greatest(safe, smaller(upTo, latest))!;
    }
    return {
      // Keys have gaps, so the least one that is there says nothing about those below it.
      earliest: mainVector(known.lowest),
      latest: mainVector(latest),
      incarnation,
      at: now,
    };
  }

  async at(instant: number, now: number): Promise<Record<string, string>> {
    const { timeColumn } = this.#source;
    if (timeColumn === undefined) throw wrong("source.timeColumn: is required for a start at an instant.");
    const found = await this.range.least(`${this.#connection.epochMs(timeColumn)} >= ${instant}`);
    const { latest } = await this.bounds({ now });
    return found === undefined ? latest : mainVector(smaller(found, latest[MAIN_PARTITION]!));
  }
}
