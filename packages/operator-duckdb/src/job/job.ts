import type { Encoding } from "../prepare/encoding.js";

// Types, not interfaces: TypeScript accepts these as JSON, so a typed job can be a schedule's `job`.

/** Unit of a time column: ISO 8601 text or timestamps, or a number since 1970-01-01T00:00:00Z. */
export type TimeUnit = "iso" | "s" | "ms" | "us" | "ns";

/** The files of a source and its time column. */
export type FileSource = {
  /**
   * One or more local paths, relative to the process's directory; DuckDB's globs (`*`, `**`, `?`, `[…]`) are
   * allowed. Directory names (`key=value`) do not become columns.
   */
  readonly path: string | readonly string[];
  /**
   * The column that assigns a row to an interval: `lower <= time < upper`. Times without a zone are UTC.
   * Required unless the schedule's mode is `full`.
   */
  readonly timeColumn?: string;
  /** @default "iso" */
  readonly timeUnit?: TimeUnit;
  /**
   * How long files must have been left alone, ms, up to 604,800,000: one that was changed later may still be
   * being written, so it counts as not there yet, and the attempt fails and is retried. @default 0
   */
  readonly minAgeMs?: number;
};

/** A text source whose values are cast to declared types; rows that do not fit are rejected. */
export type TextSource = FileSource & {
  /**
   * The columns to copy, by name, with their types (see `COLUMN_TYPES`). Declare them: types that DuckDB
   * infers from a sample may change from run to run, and the partitions with them. @default all, with
   * inferred types
   */
  readonly columns?: Readonly<Record<string, string>>;
};

/** Comma-separated values, optionally compressed with gzip or Zstandard. */
export type CsvSource = TextSource & {
  readonly format: "csv";
  readonly options?: CsvOptions;
};

/** CSV dialect. Nothing is guessed, so a bad line cannot change how the others are read. */
export type CsvOptions = {
  /** One character. @default "," */
  readonly delimiter?: string;
  /** One ASCII character, or `""` for none. @default "\"" */
  readonly quote?: string;
  /** The one ASCII character that precedes a quote inside quotes. @default the quote */
  readonly escape?: string;
  /** Whether the first line names the columns; if not, `columns` names them, in order. @default true */
  readonly header?: boolean;
  /** The text that stands for null, also in quotes. @default "" */
  readonly nullString?: string;
  /**
   * Lines to skip before the header, 0 to 1,000. Blank lines before a header are always skipped. @default 0
   */
  readonly skip?: number;
  /**
   * One ASCII character: lines that begin with it are left out, except inside quotes and among those of
   * `skip`. @default none
   */
  readonly comment?: string;
  /**
   * Accepts lines with fewer fields than there are columns; the missing ones are null. Longer lines and stray
   * quotes are rejected all the same: reading on past a quote would swallow the lines after it. @default false
   */
  readonly relaxed?: boolean;
  /** The encoding of the text; a byte order mark overrides it. @default "utf-8" */
  readonly encoding?: Encoding;
};

/** JSON objects, one per line or all in one array; each file's first character decides which. */
export type JsonSource = Omit<TextSource, "timeColumn"> & {
  readonly format: "json";
  /** As for other sources; a list of keys leads into nested objects, such as `["meta", "created_at"]`. */
  readonly timeColumn?: string | readonly string[];
};

/** Parquet files, which carry their types. A column that a file lacks is null in its rows. */
export type ParquetSource = FileSource & {
  readonly format: "parquet";
};

/** A source of files. */
export type FilesSource = CsvSource | JsonSource | ParquetSource;

/** A table of Postgres and the database that has it. */
export type PostgresTable = {
  /** The name of the operator's secret that holds `postgres://user:password@host:port/database`. */
  readonly connection: string;
  /** @default the first of the role's search path that has the table */
  readonly schema?: string;
  readonly table: string;
};

/**
 * The column by which a table is divided into shards, if the schedule asks for them: each shard has the rows of a range
 * of its keys, and rows without a key are a shard of their own.
 */
export type TableSplit = {
  /**
   * Its name. It has whole numbers, dates, timestamps, texts or UUIDs; of SQLite, whole numbers or texts. Unless all shards
   * read one view, a row whose key is updated while they are read may be in two of them, or in none.
   */
  readonly column: string;
  /**
   * `range` cuts evenly between the least and the greatest key; `quantiles` cuts into parts with about as many rows
   * each, which reads the keys beforehand. @default "range" for numbers and times, "quantiles" for texts
   */
  readonly by?: "range" | "quantiles";
};

/** How a table of Postgres is divided into shards. */
export type PostgresSplit = TableSplit & {
  /**
   * `shared`: all shards read one view of the database, as if it were one read. It is kept by a transaction of the process
   * that made the split: if that ends before the last shard has read, the run is split anew, and all of it read again.
   * `own`: each shard reads a view of its own, so that what has succeeded stays. A row whose key is updated meanwhile may
   * then be in two shards, or in none. @default "shared"
   */
  readonly snapshot?: "shared" | "own";
};

/** A table or view of Postgres, read by one COPY: all rows are of the same snapshot. */
export type PostgresSource = PostgresTable & {
  readonly format: "postgres";
  /**
   * The column that assigns a row to an interval: a `date`, `timestamp` (UTC) or `timestamptz`, or with another
   * `timeUnit` an integer or `numeric`. Rows whose time is null or infinite are in no interval. Required unless
   * the schedule's mode is `full`.
   */
  readonly timeColumn?: string;
  /** @default "iso" */
  readonly timeUnit?: TimeUnit;
  /** The column whose values are positions, if the schedule's boundaries are `OFFSET`: that of its source. */
  readonly cursorColumn?: string;
  /**
   * The columns to copy, by name, with their types (see `COLUMN_TYPES`; also `BLOB`). A value that its type
   * does not hold exactly fails the run. @default all, with the types nearest to Postgres's
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** How the rows are divided into shards. @default by `cursorColumn` or else `timeColumn`, as a range */
  readonly split?: PostgresSplit;
};

/**
 * A table or view of SQLite or DuckDB, read by one query: by positions, or whole with the mode `full`.
 */
export type DatabaseSource = {
  readonly format: "database";
  /** Its name in the operator's option `databases`. */
  readonly database: string;
  /** The table's name, in DuckDB after that of its schema if need be: `sales.orders`. */
  readonly table: string;
  /**
   * The column whose values are positions, that of the schedule's source; in SQLite also `rowid`. Required unless the
   * schedule's mode is `full` and its boundaries are `TIME`.
   */
  readonly cursorColumn?: string;
  /**
   * The columns to copy, by name, with their types (see `COLUMN_TYPES`; also `BLOB`). A value that its type
   * does not hold exactly fails the run. @default all, with the table's types
   */
  readonly columns?: Readonly<Record<string, string>>;
  /** How the rows are divided into shards. @default by `cursorColumn`, as a range */
  readonly split?: TableSplit;
};

/**
 * The changes of tables of Postgres, read out of a replication slot by positions. A row for each has `lsn` (the position of
 * its transaction's commit), `number` (in the transaction, from 1), `xid`, `committed_at`, `kind` (`insert`, `update`,
 * `delete` or `truncate`), `schema`, `table`, `columns` (the row afterwards) and `old` (its former key if that has changed
 * or the row is gone; all of it with `REPLICA IDENTITY FULL`). The last two are JSON objects, whose values are texts as
 * Postgres writes them, or null; a long value that has not changed is absent.
 */
export type ChangesSource = {
  readonly format: "postgres-changes";
  /** The name of the operator's secret that holds `postgres://user:password@host:port/database`. */
  readonly connection: string;
  /** A logical replication slot with the plugin `pgoutput`: that of the schedule's source. */
  readonly slot: string;
  /** The publication whose tables are read: that of the schedule's source. */
  readonly publication: string;
};

/** A source of a table. */
export type TableSource = PostgresSource | DatabaseSource;

export type Source = FilesSource | TableSource | ChangesSource;

/** Returns whether a source is one of files. */
export function isFiles(source: Source): source is FilesSource {
  return source.format !== "postgres" && source.format !== "database" && !isChanges(source);
}

/** Returns whether a source is in Postgres: a table, or a slot. */
export function isInPostgres(source: Source): source is PostgresSource | ChangesSource {
  return source.format === "postgres" || isChanges(source);
}

/** Returns whether a source is one of changes. */
export function isChanges(source: Source): source is ChangesSource {
  return source.format === "postgres-changes";
}

/** A directory of Parquet partitions, one per interval. */
export type ParquetTarget = {
  /** @default "parquet" */
  readonly format?: "parquet";
  /** A local directory without glob characters, created if missing. */
  readonly path: string;
  /** @default "zstd" */
  readonly compression?: "zstd" | "snappy" | "gzip" | "uncompressed";
};

/** The time of a row's event, if rows are assigned to intervals by another one, such as that of their arrival. */
export type EventTime = {
  /** The column of the rows that are written. */
  readonly column: string;
  /** @default "iso" */
  readonly unit?: TimeUnit;
  /** The group whose intervals these times belong to. @default the schedule's own */
  readonly groupId?: string;
};

/**
 * An existing table of Postgres. One transaction writes an interval, together with a record of its job in the
 * table `tidegate_interval` of the same schema.
 */
export type PostgresTarget = ReplacingTarget | UpsertingTarget;

/** The fields of both kinds of a table that is written to. */
export type WrittenTable = PostgresTable & {
  readonly format: "postgres";
  /**
   * A local directory that keeps bad rows, those of each group in a folder of its own. @default none, so that a bad row fails
   * the run
   */
  readonly rejectedPath?: string;
};

/** A table whose rows of the interval are deleted before the new ones are inserted. */
export type ReplacingTarget = WrittenTable & {
  readonly write: "replace";
  /** The column that assigns a row to an interval. Required unless the schedule's mode is `full`. */
  readonly timeColumn?: string;
  /** @default "iso" */
  readonly timeUnit?: TimeUnit;
};

/** A table whose rows of the same key are updated. */
export type UpsertingTarget = WrittenTable & {
  readonly write: "upsert";
  /** The columns of a unique index. */
  readonly key: readonly string[];
};

/** The target of an interval's rows. */
export type Target = ParquetTarget | PostgresTarget;

/**
 * A job of the `duckdb` operator: for each interval, copies the rows of a source or of a SELECT into one
 * partition, or into a table.
 */
export type DuckdbJob =
  | {
      readonly source: Source;
      readonly sql?: never;
      readonly target: Target;
      /** Counts late rows: those whose event lies outside the interval. @default not counted */
      readonly eventTime?: EventTime;
    }
  | {
      readonly source?: never;
      /**
       * One SELECT that limits its rows by `$lower` and `$upper` (TIMESTAMP, UTC) or `$lower_ms` and
       * `$upper_ms` (BIGINT, epoch ms). The bounds are bound as parameters, never interpolated into the text.
       */
      readonly sql: string;
      readonly target: Target;
      /** Counts late rows: those whose event lies outside the interval. @default not counted */
      readonly eventTime?: EventTime;
    };
