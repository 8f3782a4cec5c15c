import type { EpochMs } from "../clock/clock.js";
import type { Backfill, BackfillState } from "../run/backfill.js";
import type { NewRun } from "../run/run.js";
import type { SealRead } from "./seal-table.js";

/** One step of a backfill, made only if its cursor is still where the caller saw it. */
export interface BackfillCommit {
  readonly id: string;
  readonly cursor: EpochMs;
  readonly newCursor: EpochMs;
  readonly state: BackfillState;
  /** Why it failed. @default null */
  readonly reason?: string | null;
  readonly updatedAt: EpochMs;
  /** The ledger for which the runs were made: see `InsertOptions.incarnation`. @default any */
  readonly incarnation?: string;
  /** Admitted at once. */
  readonly runs: readonly NewRun[];
}

/** Backfills and their progress. A facet of `ScheduleStore`. */
export interface BackfillTable {
  /**
   * Inserts a backfill. `false`, with nothing written, if a backfill with this id exists, or the group's seal is another
   * than the one that was read.
   *
   * @throws StoreError STORE_FAILED if the group has no schedule
   */
  insertBackfill(backfill: Backfill, read?: SealRead): Promise<boolean>;
  /**
   * Advances a backfill. `false` if the cursor has moved, the backfill is not running, the group has another ledger, or
   * one of the runs may not be inserted, as in an exclusive `insertRuns`. Supersedes runs as that does.
   */
  planBackfill(commit: BackfillCommit): Promise<boolean>;
  getBackfill(id: string): Promise<Backfill | undefined>;
  /** Lists backfills, newest first. */
  listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]>;
}
