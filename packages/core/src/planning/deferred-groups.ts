import type { EpochMs } from "../clock/clock.js";
import type { Schedule } from "../schedule/schedule.js";
import { RECHECK_MS } from "./plan-decision.js";

/** When a waiting group is checked again for the first time, ms. */
export const FIRST_RECHECK_MS = 2_000;

/** The same of a backlog of which nothing is planned ahead, ms: one end would have to be unnoticed. */
export const BACKLOG_RECHECK_MS = 10_000;

/**
 * Groups whose planning waits for runs to end, as far as this manager knows. Whoever records an end plans the
 * group; if that manager dies before it has planned, the group is found by the next check.
 */
export class DeferredGroups {
  readonly #isPlannedAhead: boolean;
  readonly #waits = new Map<string, { readonly watermark: EpochMs; readonly since: EpochMs }>();

  /** @param isPlannedAhead - whether several runs of a backlog are planned, so that all would have to end unnoticed */
  constructor(isPlannedAhead: boolean) {
    this.#isPlannedAhead = isPlannedAhead;
  }

  /** Records that a group waits; keeps since when, unless its watermark has moved. */
  add({ spec: { groupId }, watermark }: Schedule, now: EpochMs): void {
    if (this.#waits.get(groupId)?.watermark !== watermark)
      this.#waits.set(groupId, { watermark, since: now });
  }

  /** Returns whether the group was known to wait. */
  delete(groupId: string): boolean {
    return this.#waits.delete(groupId);
  }

  clear(): void {
    this.#waits.clear();
  }

  /**
   * Returns how long until a waiting group is checked again, ms: as long as it has waited, so that a lost wake
   * at most doubles the wait, and the checks of a long job are few. A backlog is checked at the longest
   * distance if several runs of it would have to end unnoticed, and so is a lane that waits for a person.
   */
  recheckMs({ spec: { groupId, overlap }, watermark, blockingRuns }: Schedule, now: EpochMs): number {
    const hasOneRun = overlap === "coalesce-pending" || overlap === "cancel-running";
    if (blockingRuns > 0 || (!hasOneRun && this.#isPlannedAhead)) return RECHECK_MS;
    const wait = this.#waits.get(groupId);
    const waitedMs = wait?.watermark === watermark ? now - wait.since : 0;
    return Math.min(Math.max(waitedMs, hasOneRun ? FIRST_RECHECK_MS : BACKLOG_RECHECK_MS), RECHECK_MS);
  }
}
