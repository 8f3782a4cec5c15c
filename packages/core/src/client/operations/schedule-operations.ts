import type { Schedule, ScheduleInfo } from "../../schedule/schedule.js";
import type { Page, PageRequest } from "../../store/page.js";
import type { ScheduleFilter } from "../../store/schedule-table.js";
import type { Description } from "../description.js";
import type { UnregisterOptions, UpdateOptions } from "../lifecycle.js";
import type { Preview, PreviewOptions } from "../preview.js";
import type { RegisteredSchedule, RegistrationResult } from "../registration.js";

/** Registers schedules, leads them through their lives, and shows them. A part of `ScheduleClient`. */
export interface ScheduleOperations {
  /**
   * Registers the schedule of a group. Resolves once it is stored. If its engine cannot be reached, the
   * schedule is left `FAILED` with the reason, and the reconciler retries.
   *
   * @throws ScheduleError SCHEDULE_INVALID, DEPENDENCY_INVALID (with the field), DEPENDENCY_CYCLE,
   *   DEPENDENCY_UNKNOWN, SCHEDULE_EXISTS, GATE_UNKNOWN, POOL_UNKNOWN; TriggerError TRIGGER_INVALID, TRIGGER_EXHAUSTED,
   *   TIMEZONE_UNKNOWN; EngineError ENGINE_UNKNOWN; OperatorError OPERATOR_UNKNOWN, JOB_INVALID
   */
  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule>;

  /** Registers many schedules independently: a malformed one does not hold up the others. */
  registerMany(infos: readonly ScheduleInfo<object>[]): Promise<RegistrationResult[]>;

  /**
   * Registers a group's schedule, or updates it if it exists and differs. For services that apply their own
   * definitions at each start.
   *
   * @throws as `register` and `update`, except SCHEDULE_EXISTS and SCHEDULE_VERSION_STALE
   */
  ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule>;

  /**
   * Replaces a schedule's specification. The new one takes effect at the watermark, so that no interval is
   * lost or run twice. Planned runs keep the version they were planned with unless told to adopt the new one,
   * for example if they wait behind a failure that the update fixes. An update that changes nothing creates
   * no version.
   *
   * A new `engine` moves the group: the new engine takes it over before the old one drops it. Runs are not
   * affected, and an interval that both fire meanwhile is planned once.
   *
   * @param seen - `version`: the version that the change is based on; `plannedRuns`: whether waiting runs,
   *   including those between two attempts, keep their version or adopt the new one; failed runs are still
   *   retried by `retryRun`. @default "keep"
   * @throws as `register`, and ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_VERSION_STALE,
   *   SCHEDULE_STATUS_ILLEGAL
   */
  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule>;

  /**
   * Ends a schedule: its engine drops it, planned runs are cancelled, active ones finish. The ledger is kept.
   * When the group is registered again, its ledger continues at the watermark, the runs that waited are
   * planned again, and backfills continue. Only a later `startTime` gives up what lies before it.
   *
   * @param options - `purge`: also deletes the ledger, permanently; refused while a job is active
   *   (SCHEDULE_STATUS_ILLEGAL), although the schedule is unregistered by then: cancel the run or wait for it
   *   to end, then purge again. Jobs that ended runs may have left behind are stopped before, and it is refused if one
   *   cannot be. Later runs of the group get other ids and keys. `version`: fails unless this
   *   is still the schedule's version. `force`: also if other groups depend on it, whose runs wait then, and if jobs that
   *   were left behind cannot be stopped
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE, DEPENDED_ON
   */
  unregister(groupId: string, options?: UnregisterOptions): Promise<void>;

  /**
   * Stops planning and starting runs, those of backfills included; active ones finish. Only `trigger` starts
   * some. Intervals that fall due meanwhile are owed when the schedule is resumed, subject to its catch-up
   * policy.
   *
   * @param note - the reason, for people
   * @param seen - `version`: fails unless this is still the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE
   */
  pause(groupId: string, note?: string, seen?: { readonly version?: number }): Promise<Schedule>;

  /**
   * Resumes planning at the watermark; does nothing if the schedule is not paused.
   *
   * @param seen - `version`: fails unless this is still the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered), SCHEDULE_VERSION_STALE
   */
  resume(groupId: string, seen?: { readonly version?: number }): Promise<Schedule>;

  /** Returns a schedule as stored. @throws ScheduleError SCHEDULE_NOT_FOUND */
  get(groupId: string): Promise<Schedule>;

  /**
   * Returns a schedule with its counts, open runs, intervals that did not run and why, and what comes next.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND
   */
  describe(groupId: string): Promise<Description>;

  /** Lists schedules by group id, one page at a time. Deleted ones are included if `statuses` names them. */
  list(filter?: ScheduleFilter, page?: PageRequest): Promise<Page<Schedule>>;

  /**
   * Returns upcoming intervals without side effects: from the watermark for a registered group, from its
   * start for a schedule that is not registered. With `firstRead`, also what the next run of a group that is read by
   * positions would read: its source is asked, and a definition goes on where its group stands.
   *
   * @param count - 1 to 10,000
   * @throws as `register`; LedgerError INTERVAL_INVALID if `from` is no instant
   */
  preview(subject: string | ScheduleInfo<object>, count?: number, options?: PreviewOptions): Promise<Preview>;
}
