import type { EpochMs, Fire } from "@tidegate/core";

/** So many groups are remembered. */
const MOST_GROUPS = 100_000;

/**
 * The latest scheduled time of each group for which nothing is owed any more. Ticks that are finer than the grid, and
 * those behind a schedule's end, are for a time that an earlier one was for, and need not trouble the ledger.
 */
export class PlannedFires {
  readonly #latest = new Map<string, EpochMs>();

  has({ groupId, scheduledTime }: Fire): boolean {
    return this.#latest.get(groupId) === scheduledTime;
  }

  add({ groupId, scheduledTime }: Fire): void {
    this.#latest.delete(groupId);
    this.#latest.set(groupId, scheduledTime);
    const [oldest] = this.#latest.keys();
    if (this.#latest.size > MOST_GROUPS && oldest !== undefined) this.#latest.delete(oldest);
  }
}
