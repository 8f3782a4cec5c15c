import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { RunKind } from "../job/run-kind.js";
import type { OffsetWatermark } from "../offset/offset-watermark.js";
import type { CoveredBy, NewReportedRun, NewRun, Run, RunReason, RunState } from "../run/run.js";
import type { Page, PageRequest } from "./page.js";
import type { SealRead } from "./seal-table.js";

/**
 * The heart of the ledger: *if the watermark is still `watermark`, insert these runs and set it to
 * `newWatermark`*, in one transaction. The watermark never goes back. The runs tile
 * `[watermark, newWatermark)` and cover what `supersedes` names; they do not overlap each other, and the
 * oldest comes first. There are none if only `nextFireAt` moves.
 */
export interface PlanCommit extends SealRead {
  readonly groupId: string;
  /** `Schedule.incarnation` as it was read: a plan made for a ledger that was purged is refused. */
  readonly incarnation: string;
  readonly version: number;
  readonly watermark: EpochMs;
  readonly newWatermark: EpochMs;
  readonly nextFireAt: EpochMs | null;
  readonly plannedAt: EpochMs;
  readonly runs: readonly NewRun[];
  /**
   * Ids of runs that these runs cover: they are superseded in the same transaction, and block no longer.
   * @default none
   */
  readonly supersedes?: readonly string[];
  /**
   * Applies only to a schedule that is paused: a person has what is owed run anyway. Planned runs are of kind
   * `MANUAL` and admitted at once. @default false
   */
  readonly whilePaused?: boolean;
  /**
   * More is owed than is planned: planning continues when runs of the lane end. If one process has the store to
   * itself, such a group is due at once after the store was opened again (its `nextFireAt` is just after
   * `plannedAt`): the process that would have continued is gone. @default false
   */
  readonly waits?: boolean;
  /**
   * Refused while the group has an open run of this set, without which the plan was decided: `beside` the lane, `any`
   * at all, or `snapshots`. @default whatever is open
   */
  readonly unlessOpen?: OpenRuns;
  /**
   * How far the group's source is planned now. It moves together with the watermark: a plan that read the one has
   * read the other. @default as it was
   */
  readonly offsets?: OffsetWatermark;
}

/** A set of a group's runs that have not ended: of other kinds than `SCHEDULED`, all of them, or those that are snapshots. */
export type OpenRuns = "beside" | "any" | "snapshots";

/**
 * A report of a source group's coverage, decided from the group's runs as they were read: *if exactly `standing`
 * still stand in this interval, insert these runs in place of what they supersede*, in one transaction.
 */
export interface ReportCommit extends Interval, SealRead {
  readonly groupId: string;
  /** `Schedule.incarnation` as it was read. */
  readonly incarnation: string;
  /** Ids of all runs that overlap the interval and are not superseded. */
  readonly standing: readonly string[];
  /** Those of them that the new runs cover, together with time outside the interval that they covered. */
  readonly supersedes: readonly string[];
  /** At least one. They overlap neither each other nor what stands afterwards. */
  readonly runs: readonly NewReportedRun[];
}

/** A filter of runs. All given fields must match. */
export interface RunFilter {
  readonly groupId?: string;
  readonly states?: readonly RunState[];
  readonly kinds?: readonly RunKind[];
  readonly reasons?: readonly RunReason[];
  readonly backfillId?: string;
  /** Runs whose job may still be working. Indexed, so it is cheap if there are few. */
  readonly isJobOpen?: boolean;
  /** Runs that block their lane. Indexed as well. */
  readonly isBlocking?: boolean;
  /** Runs that their overlap policy has cancelled and no later run covers: see `isUncovered`. Indexed as well. */
  readonly isUncovered?: true;
  /** Runs that read everything up to their upper bounds: see `Run.snapshot`. Indexed as well. */
  readonly isSnapshot?: true;
  /** Runs that a later generation or a merged run has superseded. Indexed for a group. */
  readonly isSuperseded?: true;
  /**
   * Runs that are stale (`Run.staleAt`) and not superseded: all of them, or those that `noteStale` has not
   * noted. Indexed as well.
   */
  readonly staleness?: "all" | "unnoted";
  /** Runs with an input that overlaps this time of its group, and is not ignored. Indexed as well. */
  readonly reads?: GroupWindow;
  /**
   * Runs that overlap this interval (`lower < within.upper` and `upper > within.lower`); if it is empty, the
   * runs of exactly this interval.
   */
  readonly within?: Interval;
  /** Includes runs that a later generation or a merged run has superseded. @default true */
  readonly includeSuperseded?: boolean;
  /**
   * A group's runs by lower bound, then generation and upper bound; those of all groups by id, that is by
   * upper bound. @default "ascending"
   */
  readonly order?: "ascending" | "descending";
}

/** Time of a group. */
export interface GroupWindow extends Interval {
  readonly groupId: string;
}

/** Adjacent runs in the same state, merged: one row of a group's coverage. */
export interface CoverageRange {
  readonly state: RunState;
  readonly lower: EpochMs;
  readonly upper: EpochMs;
  /** How many runs are merged into it. */
  readonly runs: number;
  /** How many nominal intervals they cover. */
  readonly intervals: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsDirty: number;
}

/** A query for time of a group that its ledger does not cover. */
export interface MissingTimeQuery {
  readonly groupId: string;
  /** Not empty. */
  readonly within: Interval;
  /** Which runs cover time; superseded runs do not. See `covers`. */
  readonly by: CoveredBy;
  /**
   * Whether time in which a run is in progress is missing as well, although an earlier generation covers it.
   * @default false
   */
  readonly isQuiet?: boolean;
}

/** Counts by state of a ledger without runs. */
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
  /** How many runs are in each state, including superseded runs. */
  readonly byState: Readonly<Record<RunState, number>>;
  /** How many nominal intervals each reason accounts for. */
  readonly byReason: Readonly<Partial<Record<RunReason, number>>>;
  /**
   * Scheduled runs planned later after they were due than the tolerance allows; due means the scheduled time
   * plus the delay of the version that planned them.
   */
  readonly late: number;
}

/** Options of `RunLedger.insertRuns`. */
export interface InsertOptions extends SealRead {
  /**
   * Also refuses a run that a standing run overlaps: one that has not ended, or any at all unless a run of exactly that
   * interval stands as well; and one that begins before the end of a standing snapshot, which has its rows. See
   * `isStanding`; a superseded run does not stand. @default false
   */
  readonly isExclusive?: boolean;
  /**
   * The ledger for which the runs, all of one group, were made: `Schedule.incarnation` as it was read. A group that was
   * purged and registered again since has another one, whose intervals these are not. @default any
   */
  readonly incarnation?: string;
}

/**
 * The ledger: all runs of all groups, and how far each group has been planned. A facet of `ScheduleStore`.
 */
export interface RunLedger {
  /**
   * Plans runs and moves watermarks: the heart of the ledger. `false` if incarnation, version or watermark
   * are others, the schedule does not plan (or, with `whilePaused`, is not paused), one of the runs exists
   * already (by its id, or by interval and generation), one of `supersedes` is not a run of the group that
   * these runs may supersede (see `maySupersede`), one of `unlessOpen` is open, or the seal is another than the one that
   * was read.
   */
  plan(commits: readonly PlanCommit[]): Promise<boolean[]>;
  /**
   * Inserts runs of kind `MANUAL`, admitted at once; they supersede earlier generations of the same interval
   * that have ended without success, which then no longer block. `false` if that interval has a run of that
   * generation, the group has no schedule, or the options say so.
   */
  insertRuns(runs: readonly NewRun[], options?: InsertOptions): Promise<boolean[]>;
  /**
   * Writes a report of a source group's coverage. The ledger then begins at its earliest run at the latest, and
   * its watermark is where its latest one ends, at least where it was; gated runs that the group wakes are due.
   * `false` if the group is no source group (status `SOURCE`) of that incarnation, other runs stand in the
   * interval, one of the runs exists already, or the seal is another than the one that was read.
   */
  report(commit: ReportCommit): Promise<boolean>;
  /** Notes that runs are stale. `false` if a run is not, or is noted already. */
  noteStale(ids: readonly string[]): Promise<boolean[]>;
  /** Returns the runs with these ids, in this order. */
  getRuns(ids: readonly string[]): Promise<(Run | undefined)[]>;
  listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>>;
  /**
   * Returns a group's runs that are not superseded, merged: in the order of listings, a run extends the last
   * range of its state if it begins at that range's end, and begins a new range otherwise. So overlapping
   * ranges are never merged, and the audit sees them. A run in progress for an interval that has succeeded
   * before (in another generation that is not superseded) is a range of its own, which no other run extends.
   * Ordered by lower bound.
   *
   * @param within - only runs that intersect it, uncut; see `RunFilter.within`
   */
  coverage(groupId: string, within?: Interval): Promise<CoverageRange[]>;
  /**
   * Returns for each query the part of its interval that is not covered; all of it for a group without a
   * schedule. Runs that have ended before the end of a snapshot that has succeeded cover their time, whatever their states
   * are, since the snapshot has their rows. Costs what there is to report, not what is covered.
   */
  missingTime(queries: readonly MissingTimeQuery[]): Promise<IntervalSet[]>;
  /**
   * Returns, for each window, a digest of what has succeeded in it: equal as long as the same time is covered by
   * the same generations, however runs cut it. See `generationDigestOf`.
   */
  generationDigests(windows: readonly GroupWindow[]): Promise<string[]>;
  /**
   * Counts over a group's whole ledger.
   *
   * @param lateToleranceMs - see `RunTally.late`
   */
  tally(groupId: string, lateToleranceMs: number): Promise<RunTally>;
}
