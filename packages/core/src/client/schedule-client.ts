import type { Clock } from "../clock/clock.js";
import { type ErrorCode, isTidegateError, LedgerError, messageOf, ScheduleError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { Backfill } from "../run/backfill.js";
import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule, ScheduleInfo, ScheduleVersion } from "../schedule/schedule.js";
import type { Page, PageRequest } from "../store/page.js";
import type { RunFilter, RunTally } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleFilter } from "../store/schedule-table.js";
import { type AuditReport, auditCoverage } from "./audit.js";
import type { BackfillControl, BackfillPlan, BackfillRequest } from "./backfill-control.js";
import { findDoubts } from "./doubts.js";
import { type Explanation, explainRun } from "./explain.js";
import type { Lifecycle, UpdateOptions } from "./lifecycle.js";
import { notesOf } from "./notes.js";
import { type Preview, previewInSteps, previewIntervals } from "./preview.js";
import type { RegisteredSchedule, Registration, RegistrationResult } from "./registration.js";
import type { RetryOptions, RunControl } from "./run-control.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { SpecReader } from "./spec-reader.js";
import { countUnregistered, UNREGISTERED, unregisteredNotes } from "./unregistered-runs.js";

/** Runs planned later than this after they were due count as late. */
const LATE_TOLERANCE_MS = 1_000;

const NOT_RUN = ["SKIPPED", "CANCELLED", "FAILED"] as const;

/** Everything there is to know of a schedule at a glance. */
export interface Description {
  readonly schedule: Schedule;
  /** As `register` would tell them now. */
  readonly notes: readonly string[];
  readonly versions: readonly ScheduleVersion[];
  /** Counts over the whole ledger: by state, late, and by the reason of what did not run as planned. */
  readonly counts: RunTally;
  /** Runs that are under way, at most 100. */
  readonly active: readonly Run[];
  /** The newest intervals that did not run, at most 100, each with its reason or error. */
  readonly notRun: readonly Run[];
  readonly backfills: readonly Backfill[];
  /** The next five intervals; they are planned only when the schedule is not paused. */
  readonly next: Preview;
}

/** What the client works with. */
export interface ScheduleClientParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** The operators of this manager, in lower case. */
  readonly operators: readonly string[];
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly registration: Registration;
  readonly lifecycle: Lifecycle;
  readonly runControl: RunControl;
  readonly backfills: BackfillControl;
}

/**
 * The door for users: registers schedules and tells of their runs. Input is checked here; what is refused leaves no
 * trace in the store.
 */
export class ScheduleClient {
  readonly #parts: ScheduleClientParts;

  constructor(parts: ScheduleClientParts) {
    this.#parts = parts;
  }

  /**
   * Registers the schedule of a group. It resolves when the store has it; an engine that cannot be reached leaves it
   * `FAILED` with the reason, and the reconciler tries again.
   *
   * @throws ScheduleError SCHEDULE_INVALID (with the field), SCHEDULE_EXISTS; TriggerError TRIGGER_INVALID,
   *   TRIGGER_EXHAUSTED, TIMEZONE_UNKNOWN; EngineError ENGINE_UNKNOWN; OperatorError OPERATOR_UNKNOWN, JOB_INVALID
   */
  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    return this.#parts.registration.register(info);
  }

  /** Registers many schedules, each decided by itself: a malformed one does not hold up the others. */
  registerMany(infos: readonly ScheduleInfo<object>[]): Promise<RegistrationResult[]> {
    return this.#parts.registration.registerMany(infos);
  }

  /**
   * Makes a group's schedule what this says, whatever was there before: registers it, or updates it where it differs.
   * For definitions that a service brings along and applies each time it starts.
   *
   * @throws as `register` and `update`, but for SCHEDULE_EXISTS and SCHEDULE_VERSION_STALE
   */
  async ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    for (;;) {
      try {
        return await this.#parts.registration.register(info);
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_EXISTS")) throw error;
      }
      try {
        const { version } = await this.#parts.changes.get(info.groupId);
        return await this.#parts.lifecycle.update(info, { version });
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_VERSION_STALE")) throw error;
      }
    }
  }

  /**
   * Replaces a schedule's specification. The new one takes effect at the watermark, so that no interval is lost or run
   * twice. Runs that are planned keep the version they were planned with, unless they are to adopt the new one: such as
   * those that wait behind a failure which the update mends. One that changes nothing makes no version.
   *
   * A new `engine` moves the group: the new one is told first, then the old one lets it go. Runs are not touched, and what
   * both fire in between is planned once.
   *
   * @param seen - `version`: the version that the change was made for; `plannedRuns`: what becomes of runs that wait,
   *   those between two attempts included; a failed one is retried by `retryRun` as before. @default "keep"
   * @throws as `register`, and ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_VERSION_STALE, SCHEDULE_STATUS_ILLEGAL
   */
  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule> {
    return this.#parts.lifecycle.update(info, seen);
  }

  /**
   * Ends a schedule: its engine lets it go, planned runs are cancelled, active ones come to their end. The ledger is
   * kept and goes on at its watermark when the group is registered again, with what waited: those runs are planned again,
   * and backfills go on. Only a later `startTime` gives up what lies before it.
   *
   * @param options - `purge`: also removes the ledger, for good; while a job is under way it is refused
   *   (SCHEDULE_STATUS_ILLEGAL) once the schedule is unregistered: cancel its run or wait for its end, and purge again. What the
   *   group runs later has other ids and keys. `version`: only if this still is the schedule's
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE
   */
  unregister(
    groupId: string,
    options: { readonly purge?: boolean; readonly version?: number } = {},
  ): Promise<void> {
    return this.#parts.lifecycle.unregister(groupId, options.purge === true, options.version);
  }

  /**
   * Stops planning and starting runs; active ones come to their end. What falls due meanwhile is owed when the schedule
   * is resumed, as its catch-up policy says.
   *
   * @param note - for people: why
   * @param seen - only if this still is the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL, SCHEDULE_VERSION_STALE
   */
  pause(groupId: string, note = "", seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.pause(groupId, note, seen.version);
  }

  /**
   * Resumes planning at the watermark; does nothing if the schedule is not paused.
   *
   * @param seen - only if this still is the schedule's version
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered), SCHEDULE_VERSION_STALE
   */
  resume(groupId: string, seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.resume(groupId, seen.version);
  }

  /**
   * Runs a group now, also when it is paused. Without an interval: what is owed, as its catch-up policy says, or else the
   * last closed interval once more. A paused group runs what it owes, at most 1,000 runs, all at once. With one: all whole intervals in it once more, each as a new generation.
   *
   * @returns the runs that were planned
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID, INTERVAL_OPEN (not over, or the live
   *   schedule's), INTERVAL_NOT_ALIGNED (naming the nearest that is), RUN_STATE_ILLEGAL (under way already)
   */
  async trigger(groupId: string, interval?: Interval): Promise<Run[]> {
    const schedule = await this.#parts.changes.get(groupId);
    return interval === undefined
      ? this.#parts.runControl.triggerNow(schedule)
      : this.#parts.runControl.triggerInterval(schedule, interval);
  }

  /** A schedule as the store has it. @throws ScheduleError SCHEDULE_NOT_FOUND */
  get(groupId: string): Promise<Schedule> {
    return this.#parts.changes.get(groupId);
  }

  /** A schedule with its counts, what runs, what did not run and why, and what comes next. @throws ScheduleError SCHEDULE_NOT_FOUND */
  async describe(groupId: string): Promise<Description> {
    const { store } = this.#parts;
    const schedule = await this.#parts.changes.get(groupId);
    const [versions, counts, active, notRun, backfills] = await Promise.all([
      store.listVersions(groupId),
      store.tally(groupId, LATE_TOLERANCE_MS),
      store.listRuns({ groupId, states: ["PLANNED", "SUBMITTING", "RUNNING"] }, { limit: 100 }),
      store.listRuns(
        { groupId, states: NOT_RUN, includeSuperseded: false, order: "descending" },
        { limit: 100 },
      ),
      store.listBackfills({ groupId }),
    ]);
    const unregistered =
      counts.byReason[UNREGISTERED] === undefined ? 0 : await countUnregistered(store, groupId);
    const outlook = this.#outlook(schedule);
    return {
      schedule,
      ...outlook,
      notes: [...unregisteredNotes(unregistered), ...outlook.notes],
      versions,
      counts,
      active: active.items,
      notRun: notRun.items,
      backfills,
    };
  }

  /** What is to come; of a schedule that this version does not understand, why that cannot be told. */
  #outlook(schedule: Schedule): Pick<Description, "notes" | "next"> {
    const { clock, specs } = this.#parts;
    try {
      const notes = notesOf(schedule, clock.now(), specs.notesOn(schedule.spec));
      return { notes, next: previewIntervals(schedule.spec, schedule.watermark, 5) };
    } catch (error) {
      return { notes: [messageOf(error)], next: { intervals: [], notes: [] } };
    }
  }

  /** Why a run waits, or what became of it. @throws LedgerError RUN_NOT_FOUND */
  async explain(runId: string): Promise<Explanation> {
    const run = await this.#parts.runControl.get(runId);
    const [schedule] = await this.#parts.store.getSchedules([run.groupId]);
    return explainRun(this.#parts, run, schedule);
  }

  /** Schedules by group id, a page at a time. Deleted ones are listed when `statuses` asks for them. */
  list(filter: ScheduleFilter = {}, page: PageRequest = {}): Promise<Page<Schedule>> {
    const statuses = filter.statuses ?? ["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "DELETING"];
    return this.#parts.store.listSchedules({ ...filter, statuses }, page);
  }

  /**
   * The intervals to come, without any effect: of a registered group from its watermark on, or of a schedule that is not
   * registered from its start.
   *
   * @param count - how many, 1 to 10,000
   * @throws as `register`
   */
  async preview(subject: string | ScheduleInfo<object>, count = 10): Promise<Preview> {
    if (!Number.isInteger(count) || count < 1 || count > 10_000) {
      throw new ScheduleError("SCHEDULE_INVALID", "count: must be a whole number from 1 to 10,000.", {
        field: "count",
      });
    }
    if (typeof subject === "string") {
      const schedule = await this.#parts.changes.get(subject);
      return previewInSteps(schedule.spec, schedule.watermark, count);
    }
    const spec = this.#parts.specs.read(subject);
    return previewInSteps(spec, new Grid(spec).origin() ?? spec.startTime, count);
  }

  /**
   * Runs a past range beside the live schedule. It is one row, whatever its length; runs are planned when it is their
   * turn.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered); LedgerError INTERVAL_INVALID (no
   *   instants, empty, or not in the past)
   */
  async backfill(request: BackfillRequest): Promise<BackfillPlan> {
    const schedule = await this.#parts.changes.get(request.groupId);
    return this.#parts.backfills.plan(schedule, request);
  }

  /** A backfill as it stands. `undefined` when there is none of that id. */
  getBackfill(id: string): Promise<Backfill | undefined> {
    return this.#parts.store.getBackfill(id);
  }

  /** Plans no more runs of a backfill; those that are active come to their end. @throws LedgerError RUN_NOT_FOUND */
  cancelBackfill(id: string): Promise<void> {
    return this.#parts.backfills.cancel(id);
  }

  /** Runs by their intervals, a page at a time. */
  runs(filter: RunFilter = {}, page: PageRequest = {}): Promise<Page<Run>> {
    return this.#parts.store.listRuns(filter, page);
  }

  /** One run. @throws LedgerError RUN_NOT_FOUND */
  getRun(id: string): Promise<Run> {
    return this.#parts.runControl.get(id);
  }

  /**
   * Cancels a run: one that waits at once, an active one as soon as its job has stopped, a failed one so that what it
   * blocks goes on.
   *
   * @throws LedgerError RUN_NOT_FOUND, RUN_STATE_ILLEGAL
   */
  cancelRun(id: string): Promise<void> {
    return this.#parts.runControl.cancel(id);
  }

  /**
   * Gives a failed or cancelled run all its attempts again, with the same boundaries and the same idempotency key. It is
   * carried out by the version of the schedule that it was planned with, or by the newest one if asked to.
   *
   * @throws LedgerError RUN_NOT_FOUND; RUN_STATE_ILLEGAL also if another run stands for any of its time; ScheduleError
   *   SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  retryRun(id: string, options: RetryOptions = {}): Promise<void> {
    return this.#parts.runControl.retry(id, options);
  }

  /**
   * Retries all failed runs of a group that no other run stands for, as `retryRun` does each.
   *
   * @returns the ids of those that are retried, oldest interval first
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  async retryRuns(groupId: string, options: RetryOptions = {}): Promise<string[]> {
    return this.#parts.runControl.retryAll(await this.#parts.changes.get(groupId), options);
  }

  /**
   * Accounts for every millisecond of a group's ledger: succeeded, active, failed, cancelled, skipped, gaps, overlaps,
   * and what two jobs may have written.
   *
   * @param within - a part of it. @default from the ledger's beginning to its watermark
   * @throws ScheduleError SCHEDULE_NOT_FOUND; LedgerError INTERVAL_INVALID
   */
  async audit(groupId: string, within?: Interval): Promise<AuditReport> {
    const schedule = await this.#parts.changes.get(groupId);
    const { origin, watermark, spec } = schedule;
    const range = within ?? { lower: origin, upper: watermark };
    if (range.lower > range.upper) {
      throw new LedgerError("INTERVAL_INVALID", "within: its lower bound must not be after its upper one.", {
        field: "within",
      });
    }
    const grid = new Grid(spec);
    const closed = grid.lastClosed(this.#parts.clock.now() - spec.delayMs);
    return auditCoverage({
      groupId,
      range,
      doubts: await findDoubts(this.#parts.store, groupId, range),
      coverage: await this.#parts.store.coverage(groupId, range),
      closedUpTo: closed?.upper ?? watermark,
      watermark,
    });
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return isTidegateError(error) && error.code === code;
}
