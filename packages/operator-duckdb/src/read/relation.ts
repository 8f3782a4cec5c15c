import type { Values } from "../duckdb/session.js";
import type { SourceFile } from "../prepare/preparation.js";
import type { TimeColumn } from "./time-test.js";

/** Rows of a source as SQL: what to select from, and how to tell a good row from a bad one. */
export interface Relation {
  readonly files: readonly SourceFile[];
  /** An item for FROM that is called `ROW`. */
  readonly from: string;
  /** Select list of what all below needs of a row that concerns the interval. @default the row itself */
  readonly carried?: string;
  readonly values: Values;
  /** The select list of a good row. */
  readonly columns: string;
  readonly defects: readonly Defect[];
  readonly time: TimeColumn | undefined;
  readonly origin: Origin;
  /** Set where the reader puts aside what it cannot split into columns. */
  readonly readerRejects?: ReaderRejects;
  /**
   * The same rows from files whose lines end alike; `undefined` when those of each file already do. Set where the reader
   * needs that.
   */
  readonly withLikeLines?: () => Promise<Relation | undefined>;
}

/** Where a bad row comes from: expressions for the record of its rejection. */
export interface Origin {
  readonly file: string;
  /** Its number in the file, from 1, or NULL. */
  readonly row: string;
  readonly raw: string;
}

/** One way in which a row can be bad. */
export interface Defect {
  /** Null counts as false. It is not wrapped into a function: only then DuckDB stops at the first part that decides. */
  readonly condition: string;
  readonly reason: string;
}

/** The tables in which DuckDB's CSV reader keeps the lines that it could not read. */
export interface ReaderRejects {
  readonly errors: string;
  readonly scans: string;
  /** The time of such a line as text, from its `csv_line`; `NULL` where it has none to be found. */
  readonly timeText: string;
  readonly values: Values;
}

/** A column that is copied from text. */
export interface TextColumn {
  readonly name: string;
  readonly type: string;
}

/** The name by which relations call their row. */
export const ROW = "__tidegate_row";
