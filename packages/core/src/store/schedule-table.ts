import type { EpochMs } from "../clock/clock.js";
import type { RunReason } from "../run/run.js";
import type { Schedule, ScheduleSpec, ScheduleStatus, ScheduleVersion } from "../schedule/schedule.js";
import type { Page, PageRequest } from "./page.js";

/** A schedule that is registered for the first time (version 1). */
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

/** Schedules and their versions. A facet of `ScheduleStore`. */
export interface ScheduleTable {
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
}
