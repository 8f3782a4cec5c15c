import type { Interval } from "../../interval/boundaries.js";
import type { LateTime } from "../../run/late-time.js";
import type { LateFilter } from "../../store/late-table.js";
import type { Page, PageRequest } from "../../store/page.js";
import type { AuditReport } from "../audit.js";
import type { CoverageBuckets } from "../coverage-buckets.js";
import type { BucketOptions } from "../coverage-query.js";
import type { CoverageAnswer, CoverageOptions } from "../coverage-waits.js";
import type { LagOptions, Lags } from "../lags.js";
import type { StaleRun } from "../stale-runs.js";

/** Tells which time is covered, by what, and what is doubtful about it. A part of `ScheduleClient`. */
export interface LedgerOperations {
  /**
   * Returns whether a group, with a schedule or without, covers a range: all of it has succeeded. Waits for that
   * if asked to, and returns what stands when the wait is over, the signal is aborted or this manager stops.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID
   */
  coverage(groupId: string, range: Interval, options?: CoverageOptions): Promise<CoverageAnswer>;

  /**
   * Returns a group's time in buckets, for a picture of it: one for each interval if they fit the limit, else the
   * finest units of the calendar that do. Time that is not over yet is in none.
   *
   * @param range - @default from the ledger's beginning until now
   * @param options - `limit`: most buckets, 10 to 5,000. @default 5,000
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID (with the field)
   */
  coverageBuckets(groupId: string, range?: Interval, options?: BucketOptions): Promise<CoverageBuckets>;

  /**
   * Accounts for every millisecond of a group's ledger: succeeded, active, failed, cancelled, skipped, gaps,
   * overlaps, and time that two jobs may have written.
   *
   * @param within - the part to audit. @default from the ledger's beginning to its watermark
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID
   */
  audit(groupId: string, within?: Interval): Promise<AuditReport>;

  /**
   * Returns the groups whose planned time is not all covered, the longest lag first. Source groups, whose time is
   * not planned, are not among them.
   *
   * @param options - `limit`: most groups, 1 to 1,000. @default 100
   */
  lags(options?: LagOptions): Promise<Lags>;

  /**
   * Returns the runs that have read other data than there are now (`stale`), and those that have read what such
   * runs have made (`tainted`), until they are run again. `Run.inputs` says what a run has read.
   *
   * @param groupId - only runs of this group. @default all
   */
  stale(groupId?: string): Promise<StaleRun[]>;

  /**
   * Lists time for which rows came after it had been covered, as jobs have reported it, by group, then time. See
   * `JobOutcome.touched`.
   */
  lateData(filter?: LateFilter, page?: PageRequest): Promise<Page<LateTime>>;
}
