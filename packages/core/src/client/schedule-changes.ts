import type { Clock } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleChange } from "../store/schedule-table.js";
import type { EngineOutbox } from "../upkeep/outbox.js";

/** What schedules are changed with. */
export interface ScheduleChangesParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly outbox: EngineOutbox;
  readonly planner: IntervalPlanner;
}

/** Changes a schedule the one way there is: in the store, then for the planner and for listeners, then at the engine. */
export class ScheduleChanges {
  readonly #parts: ScheduleChangesParts;

  constructor(parts: ScheduleChangesParts) {
    this.#parts = parts;
  }

  /** @throws ScheduleError SCHEDULE_NOT_FOUND */
  async get(groupId: string): Promise<Schedule> {
    const [schedule] = await this.#parts.store.getSchedules([groupId]);
    if (schedule !== undefined) return schedule;
    throw new ScheduleError("SCHEDULE_NOT_FOUND", `No schedule is registered for group ${groupId}.`, {
      field: "groupId",
    });
  }

  /**
   * Changes a schedule in the store where it still is as it was seen.
   *
   * @throws ScheduleError SCHEDULE_VERSION_STALE
   */
  async change(
    before: Schedule,
    change: Omit<ScheduleChange, "groupId" | "expected" | "updatedAt">,
  ): Promise<void> {
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
    if (!isDone) throw staleVersion(await this.get(groupId), before.version);
    this.#parts.emitter.emit("schedule-status", {
      groupId,
      version: before.version + (change.spec === undefined ? 0 : 1),
      status: change.status ?? before.status,
      reason: change.statusReason ?? null,
    });
  }

  /** Tells the engine what the store says now. Returns the schedule as that has left it. */
  async deliver(groupId: string): Promise<Schedule> {
    await this.#parts.outbox.deliver([await this.get(groupId)]);
    return this.get(groupId);
  }
}

/** The error of a change that was made for another version or status than there is. */
export function staleVersion(now: Schedule, seen: number): ScheduleError {
  return new ScheduleError(
    "SCHEDULE_VERSION_STALE",
    `Schedule ${now.spec.groupId} is at version ${now.version} and ${now.status}; the change was made for version ${seen}. Read it again.`,
    { field: "version" },
  );
}
