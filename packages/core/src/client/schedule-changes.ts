import type { Clock } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { IntervalPlanner } from "../planning/planner.js";
import { isWatched } from "../schedule/deadline.js";
import type { Schedule } from "../schedule/schedule.js";
import { sourceGroup } from "../schedule/status.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleChange } from "../store/schedule-table.js";
import type { EngineOutbox } from "../upkeep/outbox.js";

/** Dependencies of `ScheduleChanges`. */
export interface ScheduleChangesParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly outbox: EngineOutbox;
  readonly planner: IntervalPlanner;
}

type ChangedFields = Omit<ScheduleChange, "groupId" | "expected" | "updatedAt">;

/** Changes schedules in one fixed order: in the store, for the planner and listeners, then at the engine. */
export class ScheduleChanges {
  readonly #parts: ScheduleChangesParts;

  constructor(parts: ScheduleChangesParts) {
    this.#parts = parts;
  }

  /** @throws ScheduleError SCHEDULE_NOT_FOUND */
  async get(groupId: string): Promise<Schedule> {
    const [schedule] = await this.#parts.store.getSchedules([groupId]);
    if (schedule !== undefined) return schedule;
    throw notFound(groupId);
  }

  /** @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_UNREADABLE, SCHEDULE_STATUS_ILLEGAL (a source group) */
  async getReadable(groupId: string): Promise<Schedule> {
    const schedule = await this.get(groupId);
    if (schedule.status === "SOURCE") throw sourceGroup(groupId);
    requireReadable(schedule);
    return schedule;
  }

  /**
   * Changes a schedule in the store if it is still as it was read.
   *
   * @throws ScheduleError SCHEDULE_VERSION_STALE
   */
  async change(before: Schedule, change: ChangedFields): Promise<void> {
    if (!(await this.tryChange(before, change))) await this.refuse(before);
  }

  /** @throws ScheduleError SCHEDULE_VERSION_STALE, since a change was refused */
  async refuse({ spec: { groupId }, version }: Schedule): Promise<never> {
    throw staleVersion(await this.get(groupId), version);
  }

  /** Changes a schedule in the store; returns `false` if it, or the seal that the change names, is no longer as it was read. */
  async tryChange(before: Schedule, change: ChangedFields): Promise<boolean> {
    const { groupId } = before.spec;
    const [isDone] = await this.#parts.store.changeSchedules([
      {
        ...change,
        groupId,
        expected: { version: before.version, statuses: [before.status] },
        updatedAt: this.#parts.clock.now(),
      },
    ]);
    this.#parts.planner.forget(groupId);
    if (isDone !== true) return false;
    this.#parts.emitter.emit("schedule-status", {
      groupId,
      version: before.version + (change.spec === undefined ? 0 : 1),
      status: change.status ?? before.status,
      reason: change.statusReason ?? null,
    });
    if (isWatched(before.spec) || isWatched(change.spec?.spec ?? {}))
      this.#parts.signals.emit("deadlines-changed", [groupId]);
    return true;
  }

  /** Delivers the stored schedule to its engine. Returns the schedule as stored afterwards. */
  async deliver(groupId: string): Promise<Schedule> {
    await this.#parts.outbox.deliver([await this.get(groupId)]);
    return this.get(groupId);
  }
}

/** Returns the error for a group without a schedule. */
export function notFound(groupId: string): ScheduleError {
  return new ScheduleError("SCHEDULE_NOT_FOUND", `No schedule is registered for group ${groupId}.`, {
    field: "groupId",
  });
}

/** Returns the error for a change that is based on another version or status than the current one. */
export function staleVersion(now: Schedule, seen: number): ScheduleError {
  return new ScheduleError(
    "SCHEDULE_VERSION_STALE",
    `Schedule ${now.spec.groupId} is at version ${now.version} and ${now.status}; the change was made for version ${seen}. Read it again.`,
    { field: "version" },
  );
}
