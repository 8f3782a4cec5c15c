import type { RowCounts } from "@tidegate/core/operator";
import type { Session } from "../duckdb/session.js";
import type { Surroundings } from "../run/surroundings.js";
import type { Task } from "../run/task.js";
import type { CommitRecord, Copied } from "./commit-record.js";

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
    task: Task,
    surroundings: Surroundings,
  ): Promise<Copied>;
  /**
   * Removes the rows that an earlier job of the interval wrote, and records that there are none. Their columns are not
   * known, since nothing was read.
   *
   * @param copied - what was read
   * @returns what is there now
   */
  writeNone(session: Session, copied: Copied, task: Task, surroundings: Surroundings): Promise<Copied>;
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
