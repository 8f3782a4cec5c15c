import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { RunKind } from "../job/run-kind.js";
import type { NewRun, Run, RunReason, RunState } from "../run/run.js";
import type { Page, PageRequest } from "./page.js";

/**
 * The heart of the ledger: *if the watermark is still `watermark`, insert these runs and set it to `newWatermark`*, in
 * one transaction. The runs tile `[watermark, newWatermark)`; there is none where only `nextFireAt` moves.
 */
export interface PlanCommit {
  readonly groupId: string;
  readonly version: number;
  readonly watermark: EpochMs;
  readonly newWatermark: EpochMs;
  readonly nextFireAt: EpochMs | null;
  readonly plannedAt: EpochMs;
  readonly runs: readonly NewRun[];
  /**
   * For a schedule that is paused, and no other: a person has what is owed run all the same. Runs that are planned are of
   * kind `MANUAL` and admitted at once. @default false
   */
  readonly whilePaused?: boolean;
}

/** Which runs. Fields that are given must all match. */
export interface RunFilter {
  readonly groupId?: string;
  readonly states?: readonly RunState[];
  readonly kinds?: readonly RunKind[];
  readonly reasons?: readonly RunReason[];
  readonly backfillId?: string;
  /** Runs whose job may still be working. They are found by an index, so that it is cheap where they are few. */
  readonly isJobOpen?: boolean;
  /** Runs that block their lane. Found by an index as well. */
  readonly isBlocking?: boolean;
  /**
   * Runs that have time in common with this interval (`lower < within.upper` and `upper > within.lower`); where it is
   * empty, the runs of exactly this interval.
   */
  readonly within?: Interval;
  /** Also those that a later generation or a merged run stands for. @default true */
  readonly includeSuperseded?: boolean;
  /** By lower bound, then generation, upper bound and id. @default "ascending" */
  readonly order?: "ascending" | "descending";
}

/** Adjacent runs in the same state, merged: one row of a group's coverage. */
export interface CoverageRange {
  readonly state: RunState;
  readonly lower: EpochMs;
  readonly upper: EpochMs;
  /** How many runs are merged here. */
  readonly runs: number;
  /** How many nominal intervals they cover. */
  readonly intervals: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsDirty: number;
}

/** By state, in a ledger without runs. */
export const NO_RUNS: Readonly<Record<RunState, number>> = {
  PLANNED: 0,
  SUBMITTING: 0,
  RUNNING: 0,
  SUCCEEDED: 0,
  FAILED: 0,
  CANCELLED: 0,
  SKIPPED: 0,
};

/** Counts over a group's whole ledger. */
export interface RunTally {
  /** How many runs are in each state; those of superseded runs included. */
  readonly byState: Readonly<Record<RunState, number>>;
  /** How many nominal intervals each reason stands for. */
  readonly byReason: Readonly<Partial<Record<RunReason, number>>>;
  /**
   * Scheduled runs that were planned later than the tolerance after they were due: after their scheduled time and the
   * delay of the version that planned them.
   */
  readonly late: number;
}

/** The ledger: all runs of all groups, and how far each group has been planned. A facet of `ScheduleStore`. */
export interface RunLedger {
  /**
   * The heart. `false` where version or watermark have moved, the schedule does not plan (or is not paused, where it is to be), or one of the runs is there
   * already (by its id, or by interval and generation).
   */
  plan(commits: readonly PlanCommit[]): Promise<boolean[]>;
  /**
   * Inserts runs of kind `MANUAL`, admitted at once; earlier generations of the same interval that have ended but not
   * succeeded are superseded, and block no more. `false` where that interval has a run of that generation, and where
   * the group has no schedule.
   *
   * @param options - `isExclusive`: also `false` where a run that stands has time in common with it: one that has not
   *   ended, or, unless a run of exactly that interval stands as well, any. See `isStanding`; a superseded run does not
   *   stand. @default false
   */
  insertRuns(runs: readonly NewRun[], options?: { readonly isExclusive?: boolean }): Promise<boolean[]>;
  /** The runs with these ids, in this order. */
  getRuns(ids: readonly string[]): Promise<(Run | undefined)[]>;
  listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>>;
  /**
   * A group's runs that are not superseded, merged: in the order of listings, a run extends the last range of its state
   * where it begins at that range's end, and begins a range elsewhere. So ranges that overlap are never merged, and the
   * audit sees them. A run that is under way for an interval that has succeeded before (another generation has, and is
   * not superseded) is a range of its own, which no other run extends. Ordered by lower bound.
   *
   * @param within - only runs that intersect it, whole; see `RunFilter.within`
   */
  coverage(groupId: string, within?: Interval): Promise<CoverageRange[]>;
  /** @param lateToleranceMs - see `RunTally.late` */
  tally(groupId: string, lateToleranceMs: number): Promise<RunTally>;
}
