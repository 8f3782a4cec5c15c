import { secretName } from "@tidegate/operator-kit";
import { z } from "zod";
import { ENCODINGS } from "../prepare/encoding.js";
import { COLUMN_TYPES, columnType } from "./column-type.js";
import type { DuckdbJob, EventTime, PostgresSplit, Source, TableSplit, Target } from "./job.js";

const MAX_PATHS = 1_000;
const MAX_COLUMNS = 10_000;
const MAX_DEPTH = 20;
/** Postgres's own limit. */
const MAX_KEY_COLUMNS = 32;

/** A week, ms. */
const MAX_AGE_MS = 604_800_000;
const URL_SCHEME = /^[A-Za-z][A-Za-z0-9+.-]+:\/\//;

const path = z
  .string()
  .min(1)
  .max(4_096)
  .refine((text) => !text.includes("\0"), "must not contain a NUL character")
  .refine((text) => !URL_SCHEME.test(text), "must be a local path, not a URL");

const columnName = z.string().min(1).max(1_000);

const declaredType = z
  .string()
  .refine(
    (declared) => columnType(declared) !== undefined,
    `must be one of DuckDB's types ${COLUMN_TYPES.join(", ")}`,
  );

const columnsOf = (type: z.ZodType<string>) =>
  z
    .record(columnName, type)
    .refine((declared) => Object.keys(declared).length >= 1, "must name at least one column")
    .refine(
      (declared) => Object.keys(declared).length <= MAX_COLUMNS,
      `must not name more than ${MAX_COLUMNS}`,
    )
    .refine(hasDistinctNames, "must not name a column twice; DuckDB's names do not depend on case");

const columns = columnsOf(declaredType);

const tableColumns = columnsOf(z.union([z.literal("BLOB"), declaredType]));

const character = z.string().regex(/^[^\r\n\0]$/, "must be one character");

const byte = z.string().regex(/^[^\r\n\0\u{80}-\u{10ffff}]$/u, "must be one ASCII character");

const csvOptions = z
  .strictObject({
    delimiter: character.exactOptional(),
    quote: z.union([byte, z.literal("")]).exactOptional(),
    escape: byte.exactOptional(),
    header: z.boolean().exactOptional(),
    nullString: z.string().max(100).exactOptional(),
    skip: z.number().int().min(0).max(1_000).exactOptional(),
    comment: z
      .string()
      .regex(/^[!-~]$/, "must be one ASCII character")
      .exactOptional(),
    relaxed: z.boolean().exactOptional(),
    encoding: z.enum(ENCODINGS).exactOptional(),
  })
  .refine(({ delimiter = ",", quote = '"' }) => delimiter !== quote, "delimiter and quote must differ")
  .refine(
    ({ delimiter = ",", quote = '"', comment }) => comment !== delimiter && comment !== quote,
    "comment must differ from delimiter and quote",
  )
  .refine((options) => options.escape !== (options.delimiter ?? ","), "escape and delimiter must differ")
  .refine(
    ({ delimiter = ",", quote = '"', escape: escapeWith = quote, nullString = "" }) =>
      ![delimiter, quote, escapeWith, "\r", "\n"].some((part) => part !== "" && nullString.includes(part)),
    "nullString must hold neither delimiter, quote or escape nor a line end",
  );

const timeUnit = z.enum(["iso", "s", "ms", "us", "ns"]);

const files = {
  path: z.union([path, z.array(path).min(1).max(MAX_PATHS)]),
  timeColumn: columnName.exactOptional(),
  timeUnit: timeUnit.exactOptional(),
  minAgeMs: z.number().int().min(0).max(MAX_AGE_MS).exactOptional(),
};

/** Longer names are cut by Postgres. */
const postgresName = z.string().regex(/^[^\0]{1,63}$/, "must be 1 to 63 characters");

const postgresTable = {
  format: z.literal("postgres"),
  connection: secretName,
  schema: postgresName.exactOptional(),
  table: postgresName,
};

const postgresTime = { timeColumn: postgresName.exactOptional(), timeUnit: timeUnit.exactOptional() };

const split = z.strictObject({
  column: columnName,
  by: z.enum(["range", "quantiles"]).exactOptional(),
}) satisfies z.ZodType<TableSplit>;

const postgresSplit = split.extend({
  snapshot: z.enum(["shared", "own"]).exactOptional(),
}) satisfies z.ZodType<PostgresSplit>;

const source = z.discriminatedUnion("format", [
  z
    .strictObject({
      format: z.literal("csv"),
      ...files,
      columns: columns.exactOptional(),
      options: csvOptions.exactOptional(),
    })
    .refine(({ options, columns }) => options?.header !== false || namesInOrder(columns), {
      path: ["columns"],
      message:
        "must name the columns of a file without a header, none of them by a number, which has no place in JSON's order",
    }),
  z.strictObject({
    format: z.literal("json"),
    ...files,
    timeColumn: z.union([columnName, z.array(columnName).min(1).max(MAX_DEPTH)]).exactOptional(),
    columns: columns.exactOptional(),
  }),
  z.strictObject({ format: z.literal("parquet"), ...files }),
  z.strictObject({
    ...postgresTable,
    ...postgresTime,
    cursorColumn: postgresName.exactOptional(),
    columns: tableColumns.exactOptional(),
    split: postgresSplit.exactOptional(),
  }),
  z.strictObject({
    format: z.literal("database"),
    database: secretName,
    table: z
      .string()
      .regex(
        /^[^"\p{Cc}.]{1,200}(\.[^"\p{Cc}.]{1,200}){0,2}$/u,
        "must be the name of a table, without quotes",
      ),
    cursorColumn: z
      .string()
      .regex(/^[^"\p{Cc}]{1,200}$/u, "must be a name of 1 to 200 characters, without quotes")
      .exactOptional(),
    columns: tableColumns.exactOptional(),
    split: split.exactOptional(),
  }),
  z.strictObject({
    format: z.literal("postgres-changes"),
    connection: secretName,
    slot: z.string().regex(/^[a-z0-9_]{1,63}$/, "must be 1 to 63 of small letters, digits and _"),
    publication: z.string().regex(/^[^\p{Cc}\\]{1,63}$/u, "must be a name of 1 to 63 characters"),
  }),
]) satisfies z.ZodType<Source>;

const directory = path.refine(
  (text) => !/[*?[\]]/.test(text),
  "must not contain the glob characters * ? [ ]",
);

const writtenTable = { ...postgresTable, rejectedPath: directory.exactOptional() };

const target = z.discriminatedUnion("format", [
  z.strictObject({
    format: z.literal("parquet").exactOptional(),
    path: directory,
    compression: z.enum(["zstd", "snappy", "gzip", "uncompressed"]).exactOptional(),
  }),
  z.discriminatedUnion("write", [
    z.strictObject({ ...writtenTable, write: z.literal("replace"), ...postgresTime }),
    z.strictObject({
      ...writtenTable,
      write: z.literal("upsert"),
      key: z.array(postgresName).min(1).max(MAX_KEY_COLUMNS),
    }),
  ]),
]) satisfies z.ZodType<Target>;

const eventTime = z.strictObject({
  column: columnName,
  unit: z.enum(["iso", "s", "ms", "us", "ns"]).exactOptional(),
  groupId: z
    .string()
    .regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be the id of a group")
    .exactOptional(),
}) satisfies z.ZodType<EventTime>;

/** Schema of a schedule's `job`. */
export const jobSchema = z
  .strictObject({
    source: source.exactOptional(),
    sql: z.string().min(1).max(50_000).exactOptional(),
    target,
    eventTime: eventTime.exactOptional(),
  })
  .refine(({ source: files, sql }) => (files === undefined) !== (sql === undefined), {
    path: ["source"],
    message: "give either source or sql",
  }) as unknown as z.ZodType<DuckdbJob>;

function hasDistinctNames(declared: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(declared).map((name) => name.toLowerCase());
  return new Set(names).size === names.length;
}

/** Returns whether the declared columns have an order that a JavaScript object keeps. */
function namesInOrder(columns: Readonly<Record<string, string>> | undefined): boolean {
  return columns !== undefined && !Object.keys(columns).some((name) => /^\d+$/.test(name));
}
