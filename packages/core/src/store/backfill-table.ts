import type { EpochMs } from "../clock/clock.js";
import type { Backfill, BackfillState } from "../run/backfill.js";
import type { NewRun } from "../run/run.js";

/** One step of a backfill, made only where its cursor still is where the caller saw it. */
export interface BackfillCommit {
  readonly id: string;
  readonly cursor: EpochMs;
  readonly newCursor: EpochMs;
  readonly state: BackfillState;
  /** Why it has failed. @default null */
  readonly reason?: string | null;
  readonly updatedAt: EpochMs;
  /** Admitted at once. */
  readonly runs: readonly NewRun[];
}

/** Backfills and their progress. A facet of `ScheduleStore`. */
export interface BackfillTable {
  /**
   * `false`, and nothing done, where there is a backfill of this id.
   *
   * @throws StoreError STORE_FAILED where the group has no schedule
   */
  insertBackfill(backfill: Backfill): Promise<boolean>;
  /**
   * `false` where the cursor has moved, the backfill is not running, or one of the runs may not be inserted, as in an
   * exclusive `insertRuns`. Superseding as there.
   */
  planBackfill(commit: BackfillCommit): Promise<boolean>;
  getBackfill(id: string): Promise<Backfill | undefined>;
  /** Newest first. */
  listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]>;
}
