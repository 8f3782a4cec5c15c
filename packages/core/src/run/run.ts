import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { JobMetrics } from "../job/job-outcome.js";
import type { RunKind } from "../job/run-kind.js";
import type { RunOffsets } from "../offset/offset-watermark.js";
import type { Gating } from "./gating.js";
import type { Place } from "./place.js";

/**
 * The state of a run: `PLANNED → SUBMITTING → RUNNING → SUCCEEDED | FAILED | CANCELLED`, or `SKIPPED` from
 * the start. `SUBMITTING` is written before the operator is called.
 */
export type RunState =
  | "PLANNED"
  | "SUBMITTING"
  | "RUNNING"
  | "SUCCEEDED"
  | "FAILED"
  | "CANCELLED"
  | "SKIPPED";

/** Why an interval did not run, or why a run covers more than one nominal interval. */
export type RunReason =
  /** More than one interval was owed; the catch-up policy `coalesce` merged them. */
  | "catchup-coalesced"
  /** Given up by the catch-up policy `drop`. */
  | "catchup-dropped"
  /** Older than the catch-up window. */
  | "catchup-window"
  /** Given up by the overlap policy `drop` while another run was active. */
  | "overlap-dropped"
  /** Merged into one run by the overlap policy `coalesce-pending` or `cancel-running`. */
  | "overlap-coalesced"
  /** Cancelled by the overlap policy `cancel-running`; a later run covers its interval. */
  | "overlap-cancelled"
  /** Cancelled by a person. */
  | "cancelled"
  /** Was waiting when its schedule was unregistered. */
  | "unregistered"
  /** The source had nothing new, so that the interval succeeded without a job. */
  | "source-empty"
  /**
   * Positions of the source that could no longer be read, and that no run has read; of a cancelled run, those that it was to
   * read: a later run covers its interval with what is left.
   */
  | "source-expired"
  /** Was waiting when a person had the source read from elsewhere. */
  | "source-rebased"
  /** Was still to be read again, or written, when a full copy behind it had read its rows. */
  | "snapshot-covered"
  /** Lies between an unregistration and a later registration that starts after it. */
  | "not-scheduled";

/** Why a run or an attempt failed. */
export interface RunError {
  /** Stable, in upper case. */
  readonly code: string;
  /** For people. */
  readonly message: string;
}

/** An ended attempt of a run that was retried afterwards. */
export interface AttemptRecord {
  /** 1 for the first. */
  readonly attempt: number;
  /** When it was submitted, epoch ms; `null` if it never was. */
  readonly submittedAt: EpochMs | null;
  /** When it ended, epoch ms. */
  readonly endedAt: EpochMs;
  /** Id of its job, as the operator reported it. */
  readonly jobId: string | null;
  /** Why it failed. */
  readonly error: RunError;
}

/**
 * Which runs cover time: runs that succeeded, or also those that were given up on purpose. See
 * `Dependency.satisfiedBy`.
 */
export type CoveredBy = "succeeded" | "settled";

/** A dependency that keeps a run waiting. */
export interface UnmetDependency {
  /** The group that is depended on. */
  readonly groupId: string;
  /** The time that its ledger must cover. */
  readonly window: Interval;
  /** The runs that cover time: those that succeeded, or also those that were given up on purpose. */
  readonly by: CoveredBy;
  /** The parts of it that are not covered, the first 100. */
  readonly missing: IntervalSet;
  /** How much is not covered, ms. */
  readonly missingMs: number;
  /** When it has waited long enough, epoch ms, if it does not wait for ever. */
  readonly timesOutAt?: EpochMs;
  /**
   * The time between the upper bound of the group's full copy and the end of its job, if increments have not
   * covered it yet. The copy may hold rows of it, so that all time before its end counts as missing.
   */
  readonly handOver?: Interval;
}

/** Why a run waits. */
export interface RunWait {
  /**
   * `lane`: for a place in its lane; `retry`: for the time of its next attempt; `gate`: for its gates to be
   * asked; the reasons of the gates that hold it; or why its source cannot be asked.
   */
  readonly reason: string;
  /** Start of the wait, epoch ms. */
  readonly since: EpochMs;
  /** The time that is missing upstream, if a gate waits for data. */
  readonly missing?: IntervalSet;
  /** When its gates are asked again at the latest, epoch ms, if gates hold it. */
  readonly lookAgainAt?: EpochMs;
  /** Ids of groups; when a run of any of them ends, its gates are asked again at once. */
  readonly wokenBy?: readonly string[];
  /** The dependencies that are not met, if it waits for groups. */
  readonly unmet?: readonly UnmetDependency[];
  /** Whether it has waited longer than it should. */
  readonly isOverdue?: boolean;
}

/** Time of another group that a run reads, as its gates found it. */
export interface RunInput extends Interval {
  /** The group that is read. */
  readonly groupId: string;
  /** The digest of what had succeeded in that time: see `ScheduleStore.generationDigests`. */
  readonly digest: string;
  /** The part of it that was not covered. @default none */
  readonly missing?: IntervalSet;
  /** Whether changes of it leave the run as it is: `onRestate: "ignore"`. @default false */
  readonly isIgnored?: boolean;
}

/** A person's word that a run may begin, whatever its gates say. */
export interface ReadyMark {
  /** When it was given, epoch ms. */
  readonly at: EpochMs;
  /** Why, for people. */
  readonly note: string;
}

/**
 * Why a run reads everything up to its upper bound, in the mode `full-then-incremental`: it is the `first` one of the
 * ledger, or of a reading that a person began (`rebased`); a person has asked for it (`requested`); its interval has a
 * time of `fullEvery` (`recurring`); or positions were lost (`loss`).
 */
export type SnapshotCause = "first" | "rebased" | "requested" | "recurring" | "loss";

/** A full copy that a run makes: what follows it are increments from its upper bound on. */
export interface RunSnapshot {
  readonly cause: SnapshotCause;
  /** Why, for people; empty unless a person has asked for it. */
  readonly note: string;
  /**
   * When its job ended, epoch ms, if that may have read rows behind the upper bound (`ScheduleOperator.canReadAt`): the target
   * holds one state of the source once increments have passed this instant. @default it ends at its upper bound
   */
  readonly consistentFrom?: EpochMs;
}

/** A report of a source group's coverage, as a run of kind `REPORTED` keeps it. */
export interface RunReport {
  /** The version of the data, as its reporter names it; `null` if it named none. */
  readonly version: string | null;
  /** For people; may be empty. */
  readonly note: string;
}

/** A run of the ledger, which stands for one interval. */
export interface Run {
  /**
   * 32 lower-case hex digits: the upper bound's time, then a hash of namespace, group, boundaries and
   * generation (see `runId`). The same on every host and after every restart.
   */
  readonly id: string;
  /** The group it belongs to. */
  readonly groupId: string;
  /** Its origin. */
  readonly kind: RunKind;
  /** Inclusive lower bound of its interval, epoch ms. */
  readonly lower: EpochMs;
  /** Exclusive upper bound of its interval, epoch ms. */
  readonly upper: EpochMs;
  /** 0 for the first run of an interval, one more for each deliberate re-run. */
  readonly generation: number;
  /** How many nominal intervals it covers, 1 to 2,147,483,647; that many if there are more. */
  readonly intervals: number;
  /** The nominal time at which it is due (without delay), epoch ms. */
  readonly scheduledTime: EpochMs;
  /** Its state. */
  readonly state: RunState;
  /** Why it did not run, or covers more than one nominal interval; `null` otherwise. */
  readonly reason: RunReason | null;
  /** The version of the schedule that planned it. */
  readonly scheduleVersion: number;
  /** The backfill it belongs to. */
  readonly backfillId: string | null;
  /** The operator that executes it, in lower case. */
  readonly operator: string;
  /** Attempts begun; 0 if it was never claimed. */
  readonly attempt: number;
  /** Its place in its group's lane. */
  readonly place: Place;
  /** When it was admitted or its next attempt is due, epoch ms; `null` unless it is `ready`. */
  readonly readyAt: EpochMs | null;
  /** The end of its lease, epoch ms; `null` unless it is `active`. */
  readonly leaseUntil: EpochMs | null;
  /** The reason why it waits; `null` if it only waits for a manager to claim it. */
  readonly wait: RunWait | null;
  /** The mark by which a person opened its gates by hand; `null` if nobody did. */
  readonly markedReady: ReadyMark | null;
  /**
   * A failed run behind which its lane waits (`onFailure: "block"`), or one that lost positions and is
   * covered first.
   */
  readonly isBlocking: boolean;
  /** A later generation or a merged run stands for its interval instead. */
  readonly isSuperseded: boolean;
  /** Whether its cancellation is in progress. */
  readonly isCancelRequested: boolean;
  /**
   * A job of this run may still be working: true from the claim on, false once its job is known to have ended
   * or never to have begun. Independent of the run's state: a run may have ended while its job is still
   * working.
   */
  readonly isJobOpen: boolean;
  /** When it was planned, epoch ms. */
  readonly plannedAt: EpochMs;
  /** When its attempt was submitted, epoch ms; `null` before that. */
  readonly submittedAt: EpochMs | null;
  /** When its job started, epoch ms; `null` before that. */
  readonly startedAt: EpochMs | null;
  /** When it ended, epoch ms; `null` before that. */
  readonly endedAt: EpochMs | null;
  /** Id of its job, as the operator reported it. */
  readonly jobId: string | null;
  /** The address at which a person can look at the job. */
  readonly jobAddress: string | null;
  /** The metrics that the job reported. */
  readonly metrics: JobMetrics | null;
  /** Why it failed. */
  readonly error: RunError | null;
  /** The attempts before the current one, oldest first. */
  readonly history: readonly AttemptRecord[];
  /** Time of other groups that it reads, recorded when its gates opened. */
  readonly inputs: readonly RunInput[];
  /**
   * When an input of it changed last: time of it is covered by another generation than the run has read, or
   * is covered at last, epoch ms; `null` if none has.
   */
  readonly staleAt: EpochMs | null;
  /** The report that it stands for; `null` unless its kind is `REPORTED`. */
  readonly report: RunReport | null;
  /**
   * The positions of the source that it stands for, the same for every attempt; `null` for boundaries of time
   * alone.
   */
  readonly offsets: RunOffsets | null;
  /**
   * Set if it reads everything up to its upper bound, although the schedule's mode is
   * `full-then-incremental`; `null` for any other run.
   */
  readonly snapshot: RunSnapshot | null;
}

/** A run as the planner creates it. */
export interface NewRun
  extends Pick<
    Run,
    | "id"
    | "groupId"
    | "kind"
    | "lower"
    | "upper"
    | "generation"
    | "intervals"
    | "scheduledTime"
    | "reason"
    | "scheduleVersion"
    | "backfillId"
    | "operator"
    | "plannedAt"
  > {
  /** `PLANNED`, `SKIPPED` if a policy gives the interval up, or `SUCCEEDED` if the source had nothing new. */
  readonly state: Extract<RunState, "PLANNED" | "SKIPPED" | "SUCCEEDED">;
  /** See `Run.offsets`. @default none */
  readonly offsets?: RunOffsets;
  /** See `Run.snapshot`. @default none */
  readonly snapshot?: RunSnapshot;
  /** How gates hold it: see `gatingOf`. @default "none" */
  readonly gating?: Gating;
  /** Whether it is chosen by the pools and the priority of its version: see `poolingOf`. @default false */
  readonly isPooled?: boolean;
}

/** A run that stands for reported time, as it is written: it has succeeded from the start. */
export interface NewReportedRun
  extends Omit<NewRun, "state" | "gating" | "isPooled" | "offsets" | "snapshot"> {
  readonly state: "SUCCEEDED";
  readonly report: RunReport;
}
