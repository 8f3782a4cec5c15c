import type { Values } from "../duckdb/session.js";
import type { SourceFile } from "../prepare/preparation.js";
import type { TimeColumn } from "./time-test.js";

/** Rows of a source as SQL: what to select from, and how to tell good rows from bad ones. */
export interface Relation {
  readonly files: readonly SourceFile[];
  /** A FROM item that is named `ROW`. */
  readonly from: string;
  /**
   * Select list of what the fields below need of a row that concerns the interval. @default the row itself
   */
  readonly carried?: string;
  readonly values: Values;
  /** The select list of a good row. */
  readonly columns: string;
  readonly defects: readonly Defect[];
  readonly time: TimeColumn | undefined;
  readonly origin: Origin;
  /** Set if the reader sets aside what it cannot split into columns. */
  readonly readerRejects?: ReaderRejects;
  /**
   * Returns the same rows from files with uniform line ends; `undefined` if each file already has them. Set
   * if the reader needs that.
   */
  readonly withLikeLines?: () => Promise<Relation | undefined>;
}

/** The origin of a bad row, as expressions for its rejection record. */
export interface Origin {
  readonly file: string;
  /** Row number in the file, from 1, or NULL. */
  readonly row: string;
  readonly raw: string;
}

/** One way in which a row can be bad. */
export interface Defect {
  /** Null counts as false. Not wrapped in a function: only then does DuckDB short-circuit it. */
  readonly condition: string;
  readonly reason: string;
}

/** The tables in which DuckDB's CSV reader keeps the lines that it could not read. */
export interface ReaderRejects {
  readonly errors: string;
  readonly scans: string;
  /** The time of such a line as text, from its `csv_line`; `NULL` if it cannot be found. */
  readonly timeText: string;
  readonly values: Values;
}

/** A column copied from text. */
export interface TextColumn {
  readonly name: string;
  readonly type: string;
}

/** The name that relations give to their row. */
export const ROW = "__tidegate_row";
