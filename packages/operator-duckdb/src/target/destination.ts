import type { RowCounts } from "@tidegate/core/operator";
import type { Session } from "../duckdb/session.js";
import type { Surroundings } from "../run/surroundings.js";
import type { RunningTask, Task } from "../run/task.js";
import type { CommitRecord, Copied } from "./commit-record.js";

/** The writing of rows that can be read only once, and whose number is not known before. */
export interface OnceWriting {
  /**
   * Writes the rows aside, where nobody sees them. One statement reads them.
   *
   * @param rows - a query for rows of types that can be written unchanged
   * @param copied - what is known of them
   * @throws JobFailure with the name of a column that cannot be written
   */
  write(rows: string, copied: Copied): Promise<void>;
  /**
   * Puts the rows in the place of those that an earlier job of the interval wrote.
   *
   * @returns what is there now
   */
  publish(): Promise<Copied>;
}

/** The target that a job's rows are written to. Rows and the record of their job appear in one step. */
export interface Destination {
  /**
   * Returns a query for the same rows that can be written unchanged.
   *
   * @param rows - a query
   * @throws JobFailure with the column of a value that would be altered
   */
  exactRows(session: Session, rows: string): Promise<string>;
  /**
   * Writes the rows in the place of those that an earlier job of the interval wrote.
   *
   * @param rows - a query of `exactRows`
   * @param copied - what was read
   * @returns what is there now
   */
  write(
    session: Session,
    rows: string,
    copied: Copied,
    task: RunningTask,
    surroundings: Surroundings,
  ): Promise<Copied>;
  /** Writes rows that are read only once. A destination without it needs them staged. */
  writeOnce?(session: Session, task: RunningTask, surroundings: Surroundings): OnceWriting;
  /**
   * Removes the rows that an earlier job of the interval wrote, and records that there are none. Their columns are not
   * known, since nothing was read.
   *
   * @param copied - what was read
   * @returns what is there now
   */
  writeNone(session: Session, copied: Copied, task: RunningTask, surroundings: Surroundings): Promise<Copied>;
  /**
   * Counts the rows of a query, and those that the target has for the task's interval.
   *
   * @param withChecksum - whether to compare their contents, too
   */
  compare(
    session: Session,
    rows: string,
    task: Task,
    signal: AbortSignal,
    withChecksum: boolean,
  ): Promise<Pick<RowCounts, "sourceRows" | "targetRows" | "checksums">>;
  /** Returns the record of the job that wrote the task's interval, whichever job that was. */
  record(task: Task, signal: AbortSignal): Promise<CommitRecord | undefined>;
}
