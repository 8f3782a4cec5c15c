import type { EpochMs } from "../clock/clock.js";
import type { JobMetrics } from "../job/job-outcome.js";
import type { AttemptRecord, Run, RunError, RunReason, RunState, RunWait } from "../run/run.js";

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

/** The queue of runs that managers work off: claims, leases and the record of what became of a run. A facet of `ScheduleStore`. */
export interface RunQueue {
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
}
