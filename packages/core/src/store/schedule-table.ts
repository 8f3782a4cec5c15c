import type { EpochMs } from "../clock/clock.js";
import type { OffsetWatermark } from "../offset/offset-watermark.js";
import type { RunReason } from "../run/run.js";
import type { Schedule, ScheduleSpec, ScheduleStatus, ScheduleVersion } from "../schedule/schedule.js";
import type { Page, PageRequest } from "./page.js";
import type { SealRead } from "./seal-table.js";

/** A schedule registered for the first time (version 1). */
export interface NewSchedule {
  readonly spec: ScheduleSpec;
  readonly status: ScheduleStatus;
  /** See `Schedule.incarnation`. */
  readonly incarnation: string;
  readonly origin: EpochMs;
  readonly watermark: EpochMs;
  readonly nextFireAt: EpochMs | null;
  readonly laneWidth: number;
  readonly tzdata: string;
  readonly createdAt: EpochMs;
  /** See `Schedule.offsets`. @default null */
  readonly offsets?: OffsetWatermark | null;
}

/** A change of one schedule, made only if it still is as the caller saw it, and so is the seal of its group if it names one. */
export interface ScheduleChange extends SealRead {
  readonly groupId: string;
  readonly expected: { readonly version: number; readonly statuses: readonly ScheduleStatus[] };
  readonly updatedAt: EpochMs;
  readonly status?: ScheduleStatus;
  readonly statusReason?: string | null;
  /** A new specification: the version is incremented, and the previous one is kept. */
  readonly spec?: { readonly spec: ScheduleSpec; readonly tzdata: string };
  /**
   * How many live runs may be admitted from now on. Planned runs (including those between two attempts) first
   * give up their places, then get them again, oldest first, up to this width; one that had a place is as it
   * was before.
   */
  readonly laneWidth?: number;
  /** `null`: no further fire is due. */
  readonly nextFireAt?: EpochMs | null;
  /**
   * Moves the beginning of a ledger: both `origin` and `watermark`. Refused if the watermark has left the
   * origin, or if the origin would move although there is a run (of a backfill).
   */
  readonly origin?: EpochMs;
  /**
   * Has the source read from elsewhere: see `Schedule.offsets`. Active runs with positions of a smaller `epoch` are
   * marked for cancellation (`source-rebased`), as `requestCancel` does.
   */
  readonly offsets?: OffsetWatermark;
  /** Cancels the planned runs of all kinds (including those between two attempts), with this reason. */
  readonly cancelPlanned?: RunReason;
  /**
   * Gives the planned runs of all kinds (including those between two attempts) the schedule's resulting
   * version.
   */
  readonly adoptsPlanned?: boolean;
  /**
   * Plans runs of all kinds again that were cancelled for a reason; of the schedule's own runs, only those
   * that begin at `from` or later. They wait with all their attempts and the schedule's resulting version.
   * Runs that may not be revived stay cancelled, see `ScheduleStore.changeRuns`, and so do those of time that the
   * group's seal closes.
   */
  readonly revivesCancelled?: { readonly reason: RunReason; readonly from: EpochMs };
}

/** A filter of schedules. All given fields must match. */
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
  /** When it is due, epoch ms, including the schedule's delay. */
  readonly fireAt: EpochMs;
  /** Its nominal time, epoch ms. */
  readonly scheduledTime: EpochMs;
}

/** A query for due fires. */
export interface DueQuery {
  /** Only fires due at or before this instant, epoch ms. */
  readonly before: EpochMs;
  /** Only fires due at or after this instant, epoch ms. @default no bound */
  readonly from?: EpochMs;
  readonly engine?: string;
  readonly limit: number;
}

/** Schedules and their versions. A facet of `ScheduleStore`. */
export interface ScheduleTable {
  /** Inserts version 1 of each. `false` if the group already has a schedule (including a deleted one). */
  insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]>;
  /**
   * Changes each schedule. `false` if it does not exist or is not as expected, the group has another seal than the one that
   * is named, or its `origin` is refused.
   */
  changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]>;
  /** Returns the schedules of these groups, in this order; `undefined` for a group without one. */
  getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]>;
  /**
   * Returns the `epoch` of the positions of each of these groups (see `Schedule.offsets`), in this order; 0 for a group
   * without any. Costs less than reading the schedules.
   */
  getEpochs(groupIds: readonly string[]): Promise<number[]>;
  /** Lists schedules, ordered by the bytes of the group id. */
  listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>>;
  /** Returns all versions of a schedule, oldest first; empty if there is none. */
  listVersions(groupId: string): Promise<ScheduleVersion[]>;
  /**
   * Returns for each group the ids of those whose current versions depend on it (see `upstreamsOf`), whatever
   * their status, ordered by their bytes.
   */
  dependentsOf(groupIds: readonly string[]): Promise<string[][]>;
  /**
   * Removes a schedule, its versions, runs, backfills, deadlines and seal, if it is still as expected: somebody may have
   * registered the group again, or begun a run. What other groups have read of it becomes stale with the first
   * generations of its next ledger.
   *
   * @param expected - the ledger and its status as they were read; then it must not have open runs either. @default any
   * @returns `false` if there is none, or it is another one by now
   */
  purgeSchedule(groupId: string, expected?: Pick<Schedule, "incarnation" | "status">): Promise<boolean>;
  /**
   * Returns due fires, earliest first, only of schedules that plan (`REGISTERING`, `REGISTERED`, `FAILED`).
   */
  due(query: DueQuery): Promise<DueFire[]>;
}
