import type { Encoding } from "../prepare/encoding.js";

// Types and not interfaces: TypeScript takes these for JSON, so that a typed job can be a schedule's.

/** How a time column counts: text or timestamps of ISO 8601, or a number since 1970-01-01T00:00:00Z. */
export type TimeUnit = "iso" | "s" | "ms" | "us" | "ns";

/** The files of a source and its time. */
type FileSource = {
  /**
   * One or more local paths; DuckDB's globs (`*`, `**`, `?`, `[…]`) are allowed. Relative to the process's directory.
   * What directories are called (`key=value`) makes no columns.
   */
  readonly path: string | readonly string[];
  /**
   * The column that says which interval a row belongs to: `lower <= time < upper`. What has no zone is UTC. Needed
   * unless the schedule's mode is `full`.
   */
  readonly timeColumn?: string;
  /** @default "iso" */
  readonly timeUnit?: TimeUnit;
};

/** A source of text, whose values are cast to declared types; rows that do not fit are rejected. */
type TextSource = FileSource & {
  /**
   * The columns to copy, by name, and their types (see `COLUMN_TYPES`). Declare them: what DuckDB infers from a sample
   * may differ from one run to the next, and with it the partitions. @default all, with inferred types
   */
  readonly columns?: Readonly<Record<string, string>>;
};

/** Comma-separated values, also compressed (`.gz`, `.zst`). */
export type CsvSource = TextSource & {
  readonly format: "csv";
  readonly options?: CsvOptions;
};

/** How a CSV file is written. Nothing of it is guessed, so that a bad line cannot change how the others are read. */
export type CsvOptions = {
  /** One character. @default "," */
  readonly delimiter?: string;
  /** One character, or `""` for none. @default "\"" */
  readonly quote?: string;
  /** What precedes a quote inside quotes: one character. @default the quote */
  readonly escape?: string;
  /** Whether the first line names the columns; otherwise `columns` names them, in order. @default true */
  readonly header?: boolean;
  /** What stands for no value. @default "" */
  readonly nullString?: string;
  /** Lines to leave out before the header, 0 to 1,000. Blank lines before a header are left out anyway. @default 0 */
  readonly skip?: number;
  /** The encoding of the text; a byte order mark goes before it. @default "utf-8" */
  readonly encoding?: Encoding;
};

/** JSON objects: one on each line, or all in one array; told apart by each file's first character. */
export type JsonSource = TextSource & {
  readonly format: "json";
};

/** Parquet files. They carry their types; files that lack a column have nulls there. */
export type ParquetSource = FileSource & {
  readonly format: "parquet";
};

export type Source = CsvSource | JsonSource | ParquetSource;

/** Where an interval's rows go. */
export type Target = {
  /** A local directory, made when it is missing. Without glob characters. */
  readonly path: string;
  /** @default "zstd" */
  readonly compression?: "zstd" | "snappy" | "gzip" | "uncompressed";
};

/** What the `duckdb` operator does for each interval: copies the rows of a source, or of a SELECT, into one partition. */
export type DuckdbJob =
  | { readonly source: Source; readonly sql?: never; readonly target: Target }
  | {
      readonly source?: never;
      /**
       * One SELECT that limits its rows by `$lower` and `$upper` (TIMESTAMP, UTC) or `$lower_ms` and `$upper_ms`
       * (BIGINT, epoch ms). The bounds are bound as parameters, never put into the text.
       */
      readonly sql: string;
      readonly target: Target;
    };
