import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { JobMetrics } from "../job/job-outcome.js";
import type { RunKind } from "../job/run-kind.js";
import type { Backfill, BackfillState } from "../run/backfill.js";
import type { AttemptRecord, NewRun, Run, RunError, RunReason, RunState, RunWait } from "../run/run.js";
import type { Schedule, ScheduleSpec, ScheduleStatus, ScheduleVersion } from "../schedule/schedule.js";

/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` for the page after this one; absent on the last. */
  readonly next?: string;
}

/** Which page of a listing. */
export interface PageRequest {
  /**
   * `next` of the page before; absent for the first. It stands for a place in the order, so that what changes between two
   * pages neither repeats nor hides anything else.
   */
  readonly cursor?: string;
  /** At most this many items, 1 to 1,000. @default 100 */
  readonly limit?: number;
}

/** A schedule that is registered for the first time (version 1). */
export interface NewSchedule {
  readonly spec: ScheduleSpec;
  readonly status: ScheduleStatus;
  readonly origin: EpochMs;
  readonly watermark: EpochMs;
  readonly nextFireAt: EpochMs | null;
  readonly laneWidth: number;
  readonly tzdata: string;
  readonly createdAt: EpochMs;
}

/** A change of one schedule, made only where it still is as the caller saw it. */
export interface ScheduleChange {
  readonly groupId: string;
  readonly expected: { readonly version: number; readonly statuses: readonly ScheduleStatus[] };
  readonly updatedAt: EpochMs;
  readonly status?: ScheduleStatus;
  readonly statusReason?: string | null;
  /** A new specification: the version goes up by one, and the one before is kept. */
  readonly spec?: { readonly spec: ScheduleSpec; readonly tzdata: string };
  /**
   * How many live runs may be admitted from now on. Planned runs (those between two attempts included) give up their
   * places first, and then get them again, oldest first, up to this width; one that had a place is as it was before.
   */
  readonly laneWidth?: number;
  /** `null`: no fire is due any more. */
  readonly nextFireAt?: EpochMs | null;
  /**
   * Moves the beginning of a ledger: both `origin` and `watermark`. Refused where the watermark has left the origin, and
   * where the origin would move although there is a run (of a backfill).
   */
  readonly origin?: EpochMs;
  /** Cancels the planned runs of all kinds (those between two attempts included), with this reason. */
  readonly cancelPlanned?: RunReason;
  /** Gives the planned runs of all kinds (those between two attempts included) the version that the schedule then has. */
  readonly adoptsPlanned?: boolean;
  /**
   * Plans the runs of all kinds again that were cancelled for a reason, of the schedule's own only those that begin at
   * `from` or later: they wait with all their attempts and the version that the schedule then has. One that may not be
   * revived stays cancelled; see `ScheduleStore.changeRuns`.
   */
  readonly revivesCancelled?: { readonly reason: RunReason; readonly from: EpochMs };
}

/** Which schedules. Fields that are given must all match. */
export interface ScheduleFilter {
  readonly groupIds?: readonly string[];
  readonly groupIdPrefix?: string;
  readonly statuses?: readonly ScheduleStatus[];
  readonly engine?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A schedule whose next fire is due. */
export interface DueFire {
  readonly groupId: string;
  readonly version: number;
  readonly engine: string;
  /** When it is due, the schedule's delay included, epoch ms. */
  readonly fireAt: EpochMs;
  /** Its nominal time, epoch ms. */
  readonly scheduledTime: EpochMs;
}

/** Which due fires. */
export interface DueQuery {
  /** Those due at or before this instant, epoch ms. */
  readonly before: EpochMs;
  /** Those due at or after this instant. @default no bound */
  readonly from?: EpochMs;
  readonly engine?: string;
  readonly limit: number;
}

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
}

/** Which runs somebody can carry out. */
export interface ClaimScope {
  /** The types of the operators, in lower case, each once. Runs of others are left to managers that have them. */
  readonly operators: readonly string[];
  readonly now: EpochMs;
}

/** Who claims runs, and for how long. */
export interface ClaimRequest extends ClaimScope {
  /** The manager's name, unique among those that share the store. */
  readonly owner: string;
  /** The end of the leases that the claim gives, epoch ms. */
  readonly leaseUntil: EpochMs;
  readonly limit: number;
}

/** A run that was claimed. */
export interface ClaimedRun {
  /** As it is after the claim: `SUBMITTING` with one more attempt, or as it was found where `isRecovered`. */
  readonly run: Run;
  /** The fencing token: writes with an older one are refused. */
  readonly token: number;
  /** It was active under a lease that has ended: its job may be running, so look before submitting. */
  readonly isRecovered: boolean;
}

/** A change of one run, made only where it still is in one of the expected states and under the same token. */
export interface RunChange {
  readonly id: string;
  readonly from: readonly RunState[];
  /** The claim's fencing token; absent where nobody holds the run: an active one is never changed without it. */
  readonly token?: number;
  readonly state: RunState;
  /** When it is made, epoch ms. What the lane admits because of it is ready from then on. */
  readonly at: EpochMs;
  /**
   * Where a run stands that is `PLANNED` afterwards; a run beside the lane that would wait is `ready`. The place of all others
   * follows from their state. @default "waiting"
   */
  readonly place?: "waiting" | "gated" | "ready";
  /** From when on a run that is `ready` may be claimed where it was claimed before, epoch ms. @default `at` */
  readonly readyAt?: EpochMs;
  /** What a run waits for that is `gated` or `ready`. @default null */
  readonly wait?: RunWait | null;
  /** Only a failed run that is not superseded blocks. Absent, as with all fields below: stays as it is. */
  readonly isBlocking?: boolean;
  /** See `Run.isJobOpen`. The claim sets it; `false` where the job is known to have ended or never to have begun. */
  readonly isJobOpen?: boolean;
  readonly reason?: RunReason | null;
  readonly attempt?: number;
  /** The version of the schedule that it is carried out by from now on. */
  readonly scheduleVersion?: number;
  readonly startedAt?: EpochMs | null;
  readonly endedAt?: EpochMs | null;
  readonly jobId?: string | null;
  readonly jobAddress?: string | null;
  readonly metrics?: JobMetrics | null;
  readonly error?: RunError | null;
  /** Appended to the run's history. */
  readonly attemptRecord?: AttemptRecord;
  /**
   * Gives the interval of a `SCHEDULED` run back: where the watermark is the run's upper bound it is set to the lower
   * one, and the run is superseded, all in the same transaction. Runs of other kinds never moved it, and do not now.
   */
  readonly givesBack?: boolean;
}

/** A lease that is kept. */
export interface HeldLease {
  readonly id: string;
  readonly token: number;
}

/** What became of a lease. */
export interface LeaseState {
  /** False when another manager has taken the run over: stop working on it. */
  readonly isHeld: boolean;
  readonly isCancelRequested: boolean;
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

/**
 * Where schedules and the ledger are kept. One contract, one conformance suite (`@tidegate/testkit`).
 *
 * Every promise of a write resolves when the write is durable: a crash right after loses nothing. A batch is one
 * transaction, but each of its elements is decided by itself, and the answers are in the batch's order. A write that
 * fails as a whole leaves nothing behind.
 *
 * The live lane's rule, which every write keeps in the same transaction: while no run blocks, waiting runs are admitted
 * (made `ready`, from the instant of the write on), oldest first, until `laneWidth` are `gated`, `ready` or `active`.
 *
 * Before `open` and after `close` every other method rejects with StoreError STORE_CLOSED.
 */
export interface ScheduleStore {
  /** Whether several processes may have it open at once, so that work can appear that no event of this one told of. */
  readonly isShared: boolean;
  /**
   * Opens the store and brings its schema up to date. Runs that a previous process of an unshared store held may be
   * claimed at once. Does nothing where the store is open.
   *
   * @throws StoreError STORE_LOCKED, STORE_CORRUPT, STORE_READ_ONLY, STORE_FULL, STORE_NEWER, STORE_FAILED
   */
  open(): Promise<void>;
  /** Waits for what is being written, and closes. */
  close(): Promise<void>;

  /** Inserts version 1 of each. `false` where the group has a schedule already (a deleted one included). */
  insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]>;
  /** Changes each. `false` where it is not there or not as expected, or its `origin` is refused. */
  changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]>;
  /** The schedules of these groups, in this order; `undefined` where there is none. */
  getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]>;
  /** Ordered by the bytes of the group id. */
  listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>>;
  /** All versions of a schedule, oldest first; empty where there is none. */
  listVersions(groupId: string): Promise<ScheduleVersion[]>;
  /** Removes a schedule, its versions, runs and backfills. `false` where there is none. */
  purgeSchedule(groupId: string): Promise<boolean>;

  /** Fires that are due, earliest first. Only of schedules that plan (`REGISTERING`, `REGISTERED`, `FAILED`). */
  due(query: DueQuery): Promise<DueFire[]>;
  /**
   * The heart. `false` where version or watermark have moved, the schedule does not plan, or one of the runs is there
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

  /**
   * Claims runs of the scope, each once: planned ones that are ready become `SUBMITTING` with one more attempt and
   * `submittedAt = now`; active ones whose lease has ended are recovered. All get a token greater than any that the run had
   * before, `leaseUntil`, and `isJobOpen`.
   *
   * Recoveries come first, in the order in which their leases ended. Then ready runs by their queue (see `queueOf`): retries
   * that are due, then what is live, then the rest, except that of every eight runs that a process claims one after the other
   * at least one is live and one of the rest, where there are such. Within a queue the run that was admitted first comes
   * first, then the one with the smaller id. So fresh runs of schedules that do not lag are on time however much others owe,
   * and a backlog goes on however much is fresh.
   *
   * `now` decides on leases and retries alone: a clock that steps back holds up no other run.
   */
  claim(request: ClaimRequest): Promise<ClaimedRun[]>;
  /**
   * Changes each run. `false` where state or token are not as expected. A run that succeeds supersedes the earlier
   * generations of its interval. One that has ended is revived only if it is not superseded, and no run of another
   * interval stands that has time in common with it.
   */
  changeRuns(changes: readonly RunChange[]): Promise<boolean[]>;
  /** Sets the end of each lease, in the order given. */
  renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]>;
  /**
   * Marks active runs for cancellation and sets their `reason`; their owner sees it when it renews. The mark stays while
   * the run waits for another attempt, and goes when it ends. `false` where a run is not active.
   */
  requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]>;
  /**
   * When the next run of the scope may be claimed, epoch ms: `now` where one may be at once, or else when the next attempt is
   * due or the next lease ends; `undefined` where there is none.
   */
  nextWake(scope: ClaimScope): Promise<EpochMs | undefined>;

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
