import type { Clock, EpochMs } from "../clock/clock.js";
import { messageOf, SourceError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleChange } from "../store/schedule-table.js";
import { isOfStore } from "./isolated.js";
import { RECHECK_MS } from "./plan-decision.js";

/** Delay before planning that failed because of the store is repeated, ms. */
export const RETRY_MS = 1_000;

/** Prefix of the status reason of a schedule that cannot be planned. */
const UNPLANNABLE = "Cannot be planned: ";

/** The shortest and the longest delay before a source that cannot be read is looked at again, ms. */
const LOOK_AGAIN_MS = { first: 5_000, most: 300_000 };

/** Sources that a person has to decide about: their schedules are `FAILED` until then. */
const STOPPING: readonly unknown[] = ["SOURCE_REPLACED", "SOURCE_REWOUND", "OFFSETS_EXPIRED"];

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
  /** How often in a row the source of a group could not be read. */
  readonly #looks = new Map<string, number>();

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
    const until = this.#parts.clock.now() + this.#delayAfter(groupId, error);
    this.#until.set(groupId, until);
    const message = messageOf(error);
    this.#parts.emitter.emit("trouble", {
      where: "planner",
      groupId,
      error: { code: "PLAN_FAILED", message },
    });
    if (schedule === undefined || isPassing) return until;
    const reason = error instanceof SourceError ? `${error.code}: ${message}` : message;
    const status = isStopping(error) && schedule.status === "REGISTERED" ? "FAILED" : schedule.status;
    await this.#setReason(schedule, { statusReason: `${UNPLANNABLE}${reason}`, status, nextFireAt: until });
    return until;
  }

  /** Soon if the store was to blame; ever later while a source cannot be read. */
  #delayAfter(groupId: string, error: Error): number {
    if (isOfStore(error)) return RETRY_MS;
    if (!(error instanceof SourceError)) return RECHECK_MS;
    const times = this.#looks.get(groupId) ?? 0;
    this.#looks.set(groupId, times + 1);
    return lookAgainAfterMs(times, error);
  }

  /** Takes the reason of an earlier failure back from a schedule that was planned; `undefined` if there was none. */
  recovered(schedule: Schedule): Promise<void> | undefined {
    this.#looks.delete(schedule.spec.groupId);
    if (!isUnplannable(schedule)) return undefined;
    const status = schedule.status === "FAILED" ? "REGISTERED" : schedule.status;
    return this.#setReason(schedule, { statusReason: null, status });
  }

  forget(groupId: string): void {
    this.#until.delete(groupId);
    this.#looks.delete(groupId);
  }

  clear(): void {
    this.#until.clear();
    this.#looks.clear();
  }

  async #setReason(
    schedule: Schedule,
    change: Required<Pick<ScheduleChange, "statusReason" | "status">> & Pick<ScheduleChange, "nextFireAt">,
  ): Promise<void> {
    const { store, clock, emitter } = this.#parts;
    const { version, spec } = schedule;
    const { statusReason, status } = change;
    const { groupId } = spec;
    await store
      .changeSchedules([
        {
          groupId,
          expected: { version, statuses: [schedule.status] },
          updatedAt: clock.now(),
          ...change,
        },
      ])
      // The reason is for people; planning does not depend on it.
      .catch(() => []);
    if (statusReason === schedule.statusReason && status === schedule.status) return;
    emitter.emit("schedule-status", { groupId, version, status, reason: statusReason });
  }
}

/**
 * Returns when to ask a source again that could not be read, ms from now: ever later, and not before it says.
 *
 * @param times - how often in a row it could not be read before
 */
export function lookAgainAfterMs(times: number, { retryAfterMs = 0 }: SourceError): number {
  return Math.max(Math.min(LOOK_AGAIN_MS.first * 2 ** times, LOOK_AGAIN_MS.most), retryAfterMs);
}

function isStopping(error: Error): boolean {
  return error instanceof SourceError && STOPPING.includes(error.code);
}

/** Returns whether a schedule's reason says that it cannot be planned, which is none of its engine's. */
export function isUnplannable({ statusReason }: Pick<Schedule, "statusReason">): boolean {
  return statusReason?.startsWith(UNPLANNABLE) === true;
}
