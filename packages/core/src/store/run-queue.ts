import type { EpochMs } from "../clock/clock.js";
import type { JobMetrics } from "../job/job-outcome.js";
import type { AttemptRecord, Run, RunError, RunReason, RunSnapshot, RunState, RunWait } from "../run/run.js";
import type { SealRead } from "./seal-table.js";

/** The runs that a manager can execute. */
export interface ClaimScope {
  /**
   * The types of its operators, in lower case, each once. Runs of other operators are left to managers that
   * have them.
   */
  readonly operators: readonly string[];
  readonly now: EpochMs;
}

/** A request to claim runs. */
export interface ClaimRequest extends ClaimScope {
  /** The manager's name, unique among those that share the store. */
  readonly owner: string;
  /** The end of the leases granted by the claim, epoch ms. */
  readonly leaseUntil: EpochMs;
  readonly limit: number;
}

/** A claimed run. */
export interface ClaimedRun {
  /** As it is after the claim: `SUBMITTING` with one more attempt, or unchanged if `isRecovered`. */
  readonly run: Run;
  /** The fencing token: writes with an older one are refused. */
  readonly token: number;
  /** It was active under an expired lease: its job may be running, so check before submitting. */
  readonly isRecovered: boolean;
}

/**
 * A change of one run, made only if it is still in one of the expected states and under the same token; one that revives
 * an ended run may name the seal of its group that was read.
 */
export interface RunChange extends SealRead {
  readonly id: string;
  readonly from: readonly RunState[];
  /** The claim's fencing token; absent if nobody holds the run: an active run is never changed without it. */
  readonly token?: number;
  /**
   * For a run that nobody holds: its last claim as the caller has seen it, see `lastClaims`. Refused if the run has been
   * claimed since, so that what is known of an earlier attempt is not written over a later one.
   */
  readonly unlessClaimedSince?: number;
  readonly state: RunState;
  /** When the change is made, epoch ms. Runs that the lane admits because of it are ready from then on. */
  readonly at: EpochMs;
  /**
   * The place of a run that is `PLANNED` after the change; a run beside the lane that would wait is `ready`,
   * or `gated` if it goes through gates. A gated run is due to be asked about at once.
   * The place of all other runs follows from their state. @default "waiting"
   */
  readonly place?: "waiting" | "gated" | "ready";
  /** When a `ready` run that was claimed before may be claimed again, epoch ms. @default `at` */
  readonly readyAt?: EpochMs;
  /** Why a `gated` or `ready` run waits. @default null */
  readonly wait?: RunWait | null;
  /**
   * Only a run that is not superseded blocks: a failed one, or one that is cancelled by this change, until a plan covers
   * its interval. If absent, that of a failed run is unchanged, as are all fields below.
   */
  readonly isBlocking?: boolean;
  /**
   * See `Run.isJobOpen`. Set by the claim; `false` if the job is known to have ended or never to have begun.
   */
  readonly isJobOpen?: boolean;
  readonly reason?: RunReason | null;
  readonly attempt?: number;
  /** The version of the schedule by which it is executed from now on. */
  readonly scheduleVersion?: number;
  /** Whether the run's split is dropped with its shards, if it has one, so that its next attempt makes another. @default false */
  readonly dropsSplit?: boolean;
  readonly startedAt?: EpochMs | null;
  readonly endedAt?: EpochMs | null;
  readonly jobId?: string | null;
  readonly jobAddress?: string | null;
  readonly metrics?: JobMetrics | null;
  readonly error?: RunError | null;
  /** See `Run.snapshot`; only for a run that is one. */
  readonly snapshot?: RunSnapshot;
  /** Appended to the run's history. */
  readonly attemptRecord?: AttemptRecord;
}

/** When a manager has to look again. */
export interface NextWake {
  /**
   * When the next run of the scope may be claimed, epoch ms: `now` if one is claimable at once, or else when
   * the next attempt is due or the next lease ends; `undefined` if there is none.
   */
  readonly claimAt: EpochMs | undefined;
  /** When the next gated run is due, epoch ms, whatever its operator; `undefined` if none is gated. */
  readonly lookAt: EpochMs | undefined;
}

/** An active run that is to be cancelled, and why. */
export interface CancelMark {
  readonly id: string;
  readonly reason: RunReason;
}

/** A held lease. */
export interface HeldLease {
  readonly id: string;
  readonly token: number;
}

/** The state of a lease after a renewal. */
export interface LeaseState {
  /** False if another manager has taken the run over: stop working on it. */
  readonly isHeld: boolean;
  readonly isCancelRequested: boolean;
}

/**
 * The queue of runs that managers work through: claims, leases and the outcomes of runs. A facet of
 * `ScheduleStore`.
 */
export interface RunQueue {
  /**
   * Claims runs of the scope, each once: planned runs that are ready become `SUBMITTING` with one more
   * attempt and `submittedAt = now`; active runs whose lease has ended are recovered. All get a token greater
   * than any that the run had before, `leaseUntil`, and `isJobOpen`.
   *
   * Recoveries come first, in the order in which their leases ended. Then ready runs by their queue (see
   * `queueOf`): due retries, then `live`, then `rest`, except that of every eight runs that a process claims
   * in a row at least one is `live` and one is `rest`, if there are any. Within a queue the run that was
   * admitted first comes first, then the one with the smaller id. So fresh runs of schedules that do not lag
   * are on time however much others owe, and a backlog makes progress however many fresh runs there are.
   *
   * Runs that need pools or have a priority (`NewRun.isPooled`) are in none of these queues: `PoolChoice` chooses them,
   * and `takeTogether` says how they and the others share the limit. The slots and rates of their pools are counted in
   * the claim's own transaction.
   *
   * `now` decides only on leases, retries and pools: a clock that steps back holds up no other run.
   */
  claim(request: ClaimRequest): Promise<ClaimedRun[]>;
  /**
   * Changes each run. `false` if state, token, last claim or seal are not as expected. A run that succeeds supersedes the
   * earlier generations of its interval. An ended run is revived only if it is not superseded, no standing
   * run of another interval overlaps it, and it does not begin before the end of another snapshot that stands, unless
   * that waits for it in a lane with one place whose runs are not overtaken (see `goesBefore`); a snapshot besides only if no run behind it is open or has succeeded, and none is open beside it: see
   * `FOLLOWING_STATES` and `rivalsInLane`.
   */
  changeRuns(changes: readonly RunChange[]): Promise<boolean[]>;
  /** Sets the end of each lease, in the order given. */
  renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]>;
  /**
   * Marks active runs for cancellation and sets their `reason`; their owner asks for it with `cancelMarks`, and
   * sees it when it renews. The mark stays while the run waits for another attempt, and is cleared when it ends. `false` if a run is not
   * active.
   */
  requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]>;
  /** Returns those of these runs that are active and marked for cancellation, in no particular order. */
  cancelMarks(ids: readonly string[]): Promise<CancelMark[]>;
  /**
   * Returns the token of each run's last claim, in this order, also if that has ended; 0 for a run that was never
   * claimed, and for one that does not exist.
   */
  lastClaims(ids: readonly string[]): Promise<number[]>;
  /** Returns when the next run may be claimed, and when the next gated run is due. */
  nextWake(scope: ClaimScope): Promise<NextWake>;
}
