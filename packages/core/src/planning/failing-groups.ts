import type { Clock, EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { isOfStore } from "./isolated.js";
import { RECHECK_MS } from "./plan-decision.js";

/** Delay before planning that failed because of the store is repeated, ms. */
export const RETRY_MS = 1_000;

/** Prefix of the status reason of a schedule that cannot be planned. */
const UNPLANNABLE = "Cannot be planned: ";

/** Dependencies of `FailingGroups`. */
export interface FailingGroupsParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
}

/**
 * Groups that cannot be planned, which must not hold up others: an event and the schedule's reason report
 * each, and it is left alone until its next attempt.
 */
export class FailingGroups {
  readonly #parts: FailingGroupsParts;
  /** Each with the instant of its next attempt. */
  readonly #until = new Map<string, EpochMs>();

  constructor(parts: FailingGroupsParts) {
    this.#parts = parts;
  }

  /** Returns when a group is planned again, epoch ms; `undefined` if it may be planned now. */
  waitsUntil(groupId: string): EpochMs | undefined {
    const until = this.#until.get(groupId);
    if (until === undefined || until > this.#parts.clock.now()) return until;
    this.#until.delete(groupId);
    return undefined;
  }

  /**
   * Records that a group failed, and returns when it is planned again, epoch ms: soon if the store was to
   * blame, since that says nothing about the group.
   *
   * @param schedule - `undefined` if it cannot be read or its status reason must stay: then only the event
   *   reports the failure
   */
  async add(groupId: string, error: Error, schedule: Schedule | undefined): Promise<EpochMs> {
    const isPassing = isOfStore(error);
    const until = this.#parts.clock.now() + (isPassing ? RETRY_MS : RECHECK_MS);
    this.#until.set(groupId, until);
    const message = messageOf(error);
    this.#parts.emitter.emit("trouble", {
      where: "planner",
      groupId,
      error: { code: "PLAN_FAILED", message },
    });
    if (schedule !== undefined && !isPassing)
      await this.#setReason(schedule, `${UNPLANNABLE}${message}`, until);
    return until;
  }

  /** Takes the reason of an earlier failure back from a schedule that was planned. */
  async recovered(schedule: Schedule): Promise<void> {
    if (schedule.statusReason?.startsWith(UNPLANNABLE)) await this.#setReason(schedule, null);
  }

  forget(groupId: string): void {
    this.#until.delete(groupId);
  }

  clear(): void {
    this.#until.clear();
  }

  async #setReason(schedule: Schedule, statusReason: string | null, until?: EpochMs): Promise<void> {
    const { store, clock, emitter } = this.#parts;
    const { version, status, spec } = schedule;
    const { groupId } = spec;
    await store
      .changeSchedules([
        {
          groupId,
          expected: { version, statuses: [status] },
          updatedAt: clock.now(),
          statusReason,
          ...(until === undefined ? {} : { nextFireAt: until }),
        },
      ])
      // The reason is for people; planning does not depend on it.
      .catch(() => []);
    if (statusReason === schedule.statusReason) return;
    emitter.emit("schedule-status", { groupId, version, status, reason: statusReason });
  }
}
