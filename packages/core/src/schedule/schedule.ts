import type { EpochMs } from "../clock/clock.js";
import type { DependencyTree } from "../dependency/dependency.js";
import type { BoundaryType } from "../interval/boundaries.js";
import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JsonObject, JsonValue } from "../job/json.js";
import type { ScheduleMode } from "../job/schedule-mode.js";
import type { VerifyRule } from "../job/verification.js";
import type { OffsetSource } from "../offset/offset-providers.js";
import type {
  OffsetBatch,
  OffsetLimit,
  OffsetWatermark,
  StartAt,
  StoredStartAt,
} from "../offset/offset-watermark.js";
import type { PoolUse } from "../pool/pool.js";
import type { ShardPolicy } from "../shard/shard.js";
import type { TriggerSpec } from "../trigger/trigger-spec.js";
import type { Deadline, ExpectedData, Freshness } from "./deadline.js";
import type { Instant } from "./instant.js";
import type { Lookback } from "./lookback.js";
import type { NotBefore } from "./not-before.js";
import type { Readiness } from "./readiness.js";
import type { ScheduleStatus } from "./status.js";

export type { ScheduleStatus };

/** How to handle more than one owed interval. See `ScheduleInfo.catchup`. */
export type CatchupPolicy = "each" | "coalesce" | "drop";

/** How to handle an interval that is due while a run of the group is active. See `ScheduleInfo.overlap`. */
export type OverlapPolicy = "queue" | "allow" | "coalesce-pending" | "cancel-running" | "drop";

/** How a run that has used up its attempts affects its schedule. See `ScheduleInfo.onFailure`. */
export type FailurePolicy = "block" | "continue" | "pause";

/**
 * Exponential back-off between attempts: a random wait between half and all of `min(maxMs, initialMs · 2ⁿ)`.
 */
export interface BackoffSpec {
  /** The wait after the first attempt, ms. @default 1,000 */
  readonly initialMs: number;
  /** The longest wait, ms. @default 300,000 */
  readonly maxMs: number;
}

/** When time is closed. See `ScheduleInfo.seal`. */
export interface SealRule {
  /** How long after its end time is sealed, ms. */
  readonly afterMs: number;
}

/**
 * A schedule as a user registers it: what to run, when, on which engine, with which policies.
 *
 * @typeParam Job - the type of its job; may be an interface. A job that is not JSON is refused when it is
 *   read.
 */
export interface ScheduleInfo<Job extends object = JsonObject> {
  /**
   * The data stream that is synchronized, and the schedule's key: 1 to 200 characters, letters, digits and
   * `_ . : -`.
   */
  readonly groupId: string;
  /** The rule that yields the nominal times. */
  readonly trigger: TriggerSpec;
  /** IANA name of the time zone of the trigger's times and calendar units. @default "UTC" */
  readonly timezone?: string;
  /**
   * Start of the first interval: epoch ms, a `Date`, or an ISO 8601 string with an offset. If it is in the
   * past, the intervals until now are owed at once, as the catch-up policy says.
   * @default the last nominal time that is not after now
   */
  readonly startTime?: Instant;
  /** End of the last interval: epoch ms, a `Date` or ISO 8601; `null` for no end. @default none */
  readonly endTime?: Instant | null;
  /** The engine that fires it. @default the first one passed to Tidegate */
  readonly engine?: string;
  /** The operator that runs its jobs. @default the first one passed to Tidegate */
  readonly operator?: string;
  /** Input of the operator, passed on unchanged. @default {} */
  readonly job?: Job;
  /**
   * Data that each run reads: its interval's (`incremental`), everything up to its scheduled time (`full`),
   * or both: with `full-then-incremental` the first run is a snapshot, which reads everything up to the end
   * of its interval, and those after it are increments, which wait until it has succeeded. It begins at once,
   * unless `startTime` says otherwise.
   * @default "incremental"
   */
  readonly mode?: ScheduleMode;
  /**
   * When increments are followed by another snapshot, for `full-then-incremental`: a trigger. The run whose
   * interval has one of its times is a snapshot instead. `null`: never.
   * @default none
   */
  readonly fullEvery?: TriggerSpec | null;
  /**
   * Effect of another full copy on the rows that the target has, for an operator that does not say how its
   * jobs write: it replaces all of them, or updates those of the same keys. `null`: unknown, so that with
   * `full-then-incremental` another snapshot is refused (`HANDOVER_WOULD_DOUBLE`). With `full`, a run that
   * replaces all of them yields to a later one that has succeeded.
   * @default none
   */
  readonly resnapshotBy?: "replace" | "upsert" | null;
  /**
   * Measure of the data that its runs read: `TIME`, or positions of a `source` (`OFFSET`). Either way its
   * fires cut time into intervals; with `OFFSET`, each run also has the range of positions that the source
   * had grown by, in each partition. It cannot be changed by an update.
   * @default "TIME"
   */
  readonly boundaryType?: BoundaryType;
  /**
   * The source that is read by positions, for `OFFSET`: the type of a provider and the provider's own fields.
   * Once reading has begun, an update may change how it is read, such as how long to wait for it; other data
   * needs `client.rebase`.
   * @default none
   */
  readonly source?: OffsetSource | null;
  /**
   * The first positions to read, for `OFFSET`, which needs it unless the mode is `full-then-incremental`,
   * whose first run reads everything: the `earliest` positions that can be read; the `latest`, as of the
   * registration; `{ time }`, an instant, before which intervals have nothing to read; or `{ offsets }`,
   * positions by partition. It applies once; later on, `client.rebase` begins to read elsewhere. A partition
   * that is added begins at its earliest position.
   * @default none
   */
  readonly startAt?: StartAt | null;
  /**
   * How to handle a fire at which the source has nothing new, for `OFFSET`: `skip` records that the interval
   * succeeded without a job, `run` runs the job all the same.
   * @default "skip"
   */
  readonly onEmpty?: "skip" | "run";
  /**
   * How to handle positions that can no longer be read although no run has read them, for `OFFSET`: `fail`
   * plans nothing until a person has decided, `record` makes them a skipped run and continues at what can be
   * read, `resnapshot` makes the next run a snapshot, with the mode `full-then-incremental`.
   * @default "fail"
   */
  readonly onLoss?: "fail" | "record" | "resnapshot";
  /**
   * How much of the source one run reads, for `OFFSET`: a fire that finds more cuts it into consecutive runs,
   * at most `maxRuns`; the rest follows at the next fire. `null`: everything at once.
   * @default none
   */
  readonly limit?: OffsetLimit | null;
  /**
   * How much has to have come before a run is planned, for `OFFSET`: a fire that finds fewer than `records`
   * plans nothing, and the interval stays owed until there are enough, or `orMs` after the first of them was
   * found. `null`: each fire reads what there is.
   * @default none
   */
  readonly batchUntil?: OffsetBatch | null;
  /** How long after its nominal time a run is due, ms; postpones the firing, not the interval. @default 0 */
  readonly delayMs?: number;
  /**
   * The earliest start of each run: `{ afterMs }` after the end of its interval, or a local time of the day
   * on which it ends, such as `{ at: "06:00" }` or `{ at: "06:00", days: 1 }`. The run is planned when it is
   * due and held until then; `delayMs` postpones the planning itself. `null`: none.
   * @default none
   */
  readonly notBefore?: NotBefore | null;
  /**
   * Conditions of the source that each run waits for, all of them: the type of a probe and the probe's own
   * fields. At most 16.
   * @default []
   */
  readonly ready?: readonly Readiness[];
  /**
   * Groups whose ledgers must cover time before a run begins: a dependency such as `{ groupId: "orders" }`,
   * or `{ all }` or `{ any }` of several. At most 64, nested up to 4 levels. `null`: none.
   * @default none
   */
  readonly dependsOn?: DependencyTree | null;
  /**
   * Whether a run needs the group's own earlier intervals to be settled: the one before it (`previous`, or
   * `true`), or all since the ledger's beginning (`all`).
   * @default false
   */
  readonly dependsOnPast?: boolean | "previous" | "all";
  /**
   * Settings of gates by their type: conditions that each run must meet before it begins. At most 16.
   * @default {}
   */
  readonly gates?: Readonly<Record<string, JsonValue>>;
  /**
   * The pools whose slots its runs take while they are active: the name of one, for one slot, or
   * `[{ name: "warehouse", slots: 2 }]`. `null`: none.
   * @default none
   */
  readonly pool?: string | readonly PoolUse[] | null;
  /**
   * Which ready runs come first among those of the same pool, and before runs of other schedules: 1 to 5,
   * smaller first.
   * @default 3
   */
  readonly priority?: number;
  /**
   * Runs of the same pool and priority take turns by this key, at most 64 characters.
   * @default the label `tenant`, or none
   */
  readonly fairnessKey?: string | null;
  /** How large the share of its key is, compared with that of others: 0.000001 to 1,000,000. @default 1 */
  readonly fairnessWeight?: number;
  /**
   * The time by which each interval has to have succeeded: `{ afterMs }` after its end, or a local time of
   * the day on which it ends, such as `{ at: "06:00" }` or `{ at: "06:00", days: 1 }`; it must be after the
   * run is due. `warnBeforeMs` reports an interval that is not done as at risk so long before;
   * `whilePaused: "alert"` judges deadlines that pass in a pause as well. `null`: none.
   * @default none
   */
  readonly deadline?: Deadline | null;
  /**
   * How far the group's data may lag behind: an alert is raised when the time up to which it is covered lies
   * more than `maxLagMs` behind now. For triggers without a natural deadline. `null`: none.
   * @default none
   */
  readonly freshness?: Freshness | null;
  /**
   * How soon the source has to have something new again, for `OFFSET`: an alert is raised when no look has
   * found anything for `withinMs`. `null`: it may be silent.
   * @default none
   */
  readonly expectData?: ExpectedData | null;
  /**
   * When time is closed: `{ afterMs }` after its end, if it is covered. Sealed time cannot be re-run,
   * backfilled or reported again without `force`. `null`: only what `client.seal` has sealed.
   * @default none
   */
  readonly seal?: SealRule | null;
  /**
   * Earlier intervals that are read again when an interval has ended, for rows that come late:
   * `{ intervals: 2 }` those before it, or `{ at: [1, 7] }` those so many intervals back. Each becomes a new
   * generation beside the live runs, whose coverage stands until it has succeeded. What was read since, or is
   * sealed, is left alone. `null`: none.
   * @default none
   */
  readonly lookback?: Lookback | null;
  /**
   * When a job of another group reports that rows of this group's earlier intervals have come late: `mark`
   * records it, `restate` runs those intervals again once things have settled, `ignore` does neither.
   * @default "mark"
   */
  readonly onLate?: "mark" | "restate" | "ignore";
  /**
   * Which end of its interval a nominal time is: `interval-end` runs the job when the data is complete,
   * `interval-start` submits it as its interval begins, as InLong's built-in engine does.
   * @default "interval-end"
   */
  readonly fireAt?: "interval-end" | "interval-start";
  /**
   * Start of the first interval: at `startTime`, or at the first nominal time not before it (as in InLong's
   * crons).
   * @default "start-time"
   */
  readonly firstInterval?: "start-time" | "first-nominal-time";
  /**
   * Whether a nominal time equal to `endTime` makes one more, empty interval (as in InLong's crons).
   * @default "exclusive"
   */
  readonly endRule?: "exclusive" | "inclusive";
  /**
   * How to handle more than one owed interval: `each` runs every one, oldest first; `coalesce` merges all
   * into one run; `drop` runs the newest, and the others become one skipped run that says so.
   * @default each; with the mode full, where only the newest is worth running, coalesce
   */
  readonly catchup?: CatchupPolicy;
  /**
   * How late an interval may be planned, ms; a later one becomes a skipped run. Never less than twice
   * `engineGraceMs`, so that no interval is given up because an engine or the watchdog took its time (in
   * Quartz's terms, the misfire threshold). Checked when an interval is first owed: an interval that is in
   * time then is kept, however long it waits for earlier runs, and so are those that fall due behind it.
   * `null`: unlimited.
   * @default unlimited
   */
  readonly catchupWindowMs?: number | null;
  /**
   * How to handle an interval that is due while a run is active: `queue` waits, in order; `allow` runs up to
   * `maxActiveRuns` at once; `coalesce-pending` merges the waiting intervals into one run; `cancel-running`
   * cancels the active run and merges its interval into the next; `drop` gives the interval up, as a skipped
   * run.
   * @default queue; with the mode full, coalesce-pending
   */
  readonly overlap?: OverlapPolicy;
  /**
   * Whether later runs may begin while an earlier one waits for its gates, such as for data that it depends
   * on. With `overlap: "allow"` they may in any case.
   * @default false
   */
  readonly canOvertake?: boolean;
  /** The most runs that may be active at once with `overlap: "allow"`, 1 to 1,000. @default 16 */
  readonly maxActiveRuns?: number;
  /** How often a run is attempted, 1 to 1,000 times. @default 3 */
  readonly maxAttempts?: number;
  /** How long to wait between attempts. @default from 1 s up to 300 s */
  readonly backoff?: Partial<BackoffSpec>;
  /** The longest that one attempt may take, ms; `null` for unlimited. @default unlimited */
  readonly timeoutMs?: number | null;
  /**
   * After the last attempt: `block` holds later runs until this one is retried or cancelled, `continue`
   * proceeds with them, `pause` pauses the schedule.
   * @default "block"
   */
  readonly onFailure?: FailurePolicy;
  /** Fails a run whose bad rows exceed the limit; `null` for no limit. @default no limit */
  readonly dirtyData?: DirtyDataLimit | null;
  /**
   * Counts an interval's rows in source and target after its job, and records the counts as `rowsRead` and
   * `rowsWritten`; `null` for no verification. The operator must support it.
   * @default no verification
   */
  readonly verify?: VerifyRule | null;
  /**
   * Splits each run into shards, which are carried out side by side and attempted again one by one:
   * `{ target }` says how many to aim for, `{}` takes the defaults. Its operator must be able to split jobs.
   * `null`: runs are not split.
   * @default not split
   */
  readonly shards?: ShardPolicy | null;
  /**
   * How long an engine may be silent past a due time before the watchdog plans the interval itself, ms, at
   * least 1,000.
   * @default 30,000
   */
  readonly engineGraceMs?: number;
  /** A note for people, at most 2,000 characters. @default "" */
  readonly description?: string;
  /** Labels to find schedules by: at most 32 pairs. @default {} */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A schedule's specification with all defaults filled in and instants as epoch ms. One per version,
 * immutable.
 */
export interface ScheduleSpec
  extends Required<Omit<ScheduleInfo, "startTime" | "endTime" | "backoff" | "startAt" | "verify">> {
  /** Start of the first interval, epoch ms. */
  readonly startTime: EpochMs;
  /** End of the last interval, epoch ms; `null` for no end. */
  readonly endTime: EpochMs | null;
  /** How long to wait between attempts. */
  readonly backoff: BackoffSpec;
  /** How the interval's rows are counted after its job; `null` for no verification. */
  readonly verify: Required<VerifyRule> | null;
  /** The first positions to read, for `OFFSET`; `null` for boundaries of time. */
  readonly startAt: StoredStartAt | null;
}

/** A schedule as the store keeps it. */
export interface Schedule {
  /** Its specification. */
  readonly spec: ScheduleSpec;
  /**
   * Why this version of Tidegate cannot read the specification: it is damaged, or a newer version wrote it.
   * Then `spec` is a stand-in that has only the group, the engine and the ledger's beginning; nothing is
   * planned, and an update with the full definition repairs it. `null` for all others.
   */
  readonly unreadable: string | null;
  /** 1 at registration, incremented by each update. */
  readonly version: number;
  /** Its status. */
  readonly status: ScheduleStatus;
  /** Why it failed, or the note given when it was paused. */
  readonly statusReason: string | null;
  /**
   * Identifies this ledger among those that the group has had: chosen at random when a ledger begins, and
   * part of its runs' ids and idempotency keys, so that none repeats after a purge. Empty for ledgers begun
   * before incarnations existed.
   */
  readonly incarnation: string;
  /** Start of the ledger: the lower bound of the first interval, epoch ms. */
  readonly origin: EpochMs;
  /** The upper bound up to which intervals have been planned, epoch ms. */
  readonly watermark: EpochMs;
  /** When the next fire is due (delay included), epoch ms; `null` if the schedule has ended. */
  readonly nextFireAt: EpochMs | null;
  /**
   * How far its source has been planned; `null` unless its boundaries are `OFFSET` and the source was looked
   * at.
   */
  readonly offsets: OffsetWatermark | null;
  /** Runs of the live lane that may be claimed or are active. */
  readonly admittedRuns: number;
  /** Runs of the live lane that are held by gates. */
  readonly gatedRuns: number;
  /** Planned runs of the live lane that wait for a place. */
  readonly waitingRuns: number;
  /** Failed runs that block the live lane. */
  readonly blockingRuns: number;
  /** When it was registered, epoch ms. */
  readonly createdAt: EpochMs;
  /** When it changed last, epoch ms. */
  readonly updatedAt: EpochMs;
}

/** One version of a schedule's specification, kept so that the audit stays exact across updates. */
export interface ScheduleVersion {
  /** 1 at registration, incremented by each update. */
  readonly version: number;
  /** The specification of this version. */
  readonly spec: ScheduleSpec;
  /** Why it cannot be read: see `Schedule.unreadable`. */
  readonly unreadable: string | null;
  /** The version of the time zone database that it was computed with, such as `2025c`. */
  readonly tzdata: string;
  /** The watermark at which it took effect, epoch ms. */
  readonly since: EpochMs;
  /** When it was made, epoch ms. */
  readonly createdAt: EpochMs;
}
