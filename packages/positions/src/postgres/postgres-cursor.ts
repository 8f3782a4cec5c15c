import { MAIN_PARTITION, type OffsetBounds, type OffsetContext } from "@tidegate/core/offset";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { literal, quoted } from "../cursor/cursor-database.js";
import { CursorRange, mainRange, mainVector } from "../cursor/cursor-range.js";
import { type DefinedProvider, defineProvider } from "../kit/define-provider.js";
import { chosenPlace, placeName, placeOf, placesOf, unknownPlace } from "../kit/named.js";
import { wrong } from "../kit/source-errors.js";
import { compareWhole, smaller } from "../kit/whole-position.js";
import { databaseSchema, PostgresConnection, type PostgresSourceDatabase } from "./connection.js";
import { type CursorTable, describeTable } from "./cursor-table.js";
import { sequenceHorizon, transactionHorizon } from "./horizon.js";

/** Options of `postgresCursor`. */
export interface PostgresCursorOptions {
  /** The databases whose tables may be read, by the names that schedules use. */
  readonly databases: Readonly<Record<string, PostgresSourceDatabase>>;
}

const optionsSchema = z.strictObject({ databases: placesOf(databaseSchema) });

const NAME = /^[^"\p{Cc}.]{1,63}$/u;

const sqlName = z.string().regex(NAME, "must be a name of 1 to 63 characters, without quotes");

const sourceSchema = z.strictObject({
  database: placeName.optional(),
  table: z
    .string()
    .refine(
      (table) => table.split(".").length <= 2 && table.split(".").every((part) => NAME.test(part)),
      "must be the name of a table, without quotes",
    ),
  column: sqlName,
  timeColumn: sqlName.optional(),
  waitMs: z.number().int().min(0).max(20_000).default(10_000),
});

type Source = z.output<typeof sourceSchema>;

/** The least value of each kind of column. */
const LOWEST = { transaction: "0", sequence: String(-(2n ** 63n)) };

/**
 * Returns the provider `postgres`: a table of Postgres is read by a column that grows, in one partition, and no row
 * is missed in whatever order transactions commit. A schedule's source:
 *
 * - `database`: its name in the options. Default: the only one;
 * - `table`: its name, after that of its schema if need be: `sales.orders`;
 * - `column`: a column of type `xid8` with the default `pg_current_xact_id()`, or an `identity` or `serial` key;
 * - `timeColumn`: a `timestamptz` of each row's insertion, for a start at an instant;
 * - `waitMs`: how long a look at a key waits for those who are writing to the table, ms, up to 20 seconds. Default:
 *   10,000.
 *
 * With `xid8` a look never waits: it ends below the first transaction that still runs.
 *
 * ```ts
 * const databases = { shop: { connectionString: "postgres://reader@db/shop", password: () => vault.read("shop") } };
 * createTidegate({ store, engines, operators, offsetProviders: [postgresCursor({ databases })] });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function postgresCursor(options: PostgresCursorOptions): DefinedProvider {
  const { databases } = parseOptions("PostgresCursorOptions", optionsSchema, options);
  const connections = Object.fromEntries(
    Object.entries(databases).map(([name, database]) => [
      name,
      new PostgresConnection(name, database as PostgresSourceDatabase),
    ]),
  );
  const opened = async (source: Source): Promise<Table> => {
    const connection = placeOf(connections, source.database)!;
    const table = await describeTable(connection, quoted(...source.table.split(".")), source.column);
    return new Table(connection, source, table);
  };
  return defineProvider<Source>({
    type: "postgres",
    sourceSchema: (sourceSchema as unknown as z.ZodType<Source>).refine(
      ({ database }) => placeOf(connections, database) !== undefined,
      unknownPlace("database", connections),
    ),
    stop: async () => {
      await Promise.all(Object.values(connections).map((connection) => connection.close()));
    },
    dataOf: ({ database, table, column }) => ({
      database: chosenPlace(connections, database),
      table,
      column,
    }),
    notesOn: ({ column }) => [
      "Rows that are deleted before they were read are not noticed.",
      `Unless ${column} is an xid8, its values must be drawn by the statements that insert the rows, not ahead of them.`,
    ],
    compare: (_, a, b) => compareWhole(a, b),
    bounds: async (source, context) => (await opened(source)).bounds(context),
    at: async (source, instant, context) => (await opened(source)).at(instant, context),
    cut: async (source, range, { records }) =>
      mainVector(await (await opened(source)).range.cut(mainRange(range), records)),
    size: async (source, range) => ({ records: await (await opened(source)).range.count(mainRange(range)) }),
  });
}

/** A table of an open database, read by its column. */
class Table {
  readonly #connection: PostgresConnection;
  readonly #source: Source;
  readonly #table: CursorTable;
  readonly range: CursorRange;

  constructor(connection: PostgresConnection, source: Source, table: CursorTable) {
    this.#connection = connection;
    this.#source = source;
    this.#table = table;
    this.range = new CursorRange({
      query: (sql) => connection.query(sql),
      table: table.name,
      column: quoted(source.column),
      literal: (position) => {
        if (table.isTransaction) return `${literal(position)}::xid8`;
        // As a number it would be a numeric, with which no index of a key is searched.
        return position === LOWEST.sequence ? `${literal(position)}::bigint` : position;
      },
    });
  }

  async bounds({ now, signal }: OffsetContext): Promise<OffsetBounds> {
    const { column, waitMs } = this.#source;
    const { incarnation, isNullable, isTransaction, name } = this.#table;
    const latest = isTransaction
      ? await transactionHorizon(this.#connection)
      : await sequenceHorizon(this.#connection, this.#table, this.range.extreme("greatest"), {
          waitMs,
          signal,
        });
    const holes = isNullable ? `EXISTS (SELECT 1 FROM ${name} WHERE ${quoted(column)} IS NULL)` : "false";
    const [found] = await this.#connection.query(`SELECT ${holes} AS holes`);
    if (found!.holes === "t")
      throw wrong(`The column ${column} of ${name} is NULL in some rows, which no range would hold.`);
    const lowest = isTransaction ? LOWEST.transaction : LOWEST.sequence;
    return {
      // Keys have gaps, so the least one that is there says nothing about those below it.
      earliest: mainVector(lowest),
      latest: mainVector(latest ?? lowest),
      incarnation,
      at: now,
    };
  }

  async at(instant: number, context: OffsetContext): Promise<Record<string, string>> {
    const { timeColumn } = this.#source;
    if (timeColumn === undefined) throw wrong("source.timeColumn: is required for a start at an instant.");
    const since = `${quoted(timeColumn)} >= to_timestamp(${instant} / 1000.0)`;
    const found = await this.range.least(since);
    const { latest } = await this.bounds(context);
    return found === undefined ? latest : mainVector(smaller(found, latest[MAIN_PARTITION]!));
  }
}
