import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";

/** Most instants that one group is held for. An engine that fires still further ahead is repeated by the watchdog. */
const MOST_PER_GROUP = 100;

/** Groups that are planned at a later time: they were fired early, or could not be planned in the background. */
export class HeldFires {
  readonly #clock: Clock;
  readonly #plan: (groupId: string) => void;
  /** By group, then by instant. */
  readonly #timers = new Map<string, Map<EpochMs, ClockTimer>>();

  constructor(clock: Clock, plan: (groupId: string) => void) {
    this.#clock = clock;
    this.#plan = plan;
  }

  /** Holds a group until an instant, which may be one of several; does nothing if it is held for this one already. */
  hold(groupId: string, until: EpochMs): void {
    const timers = this.#timers.get(groupId) ?? new Map<EpochMs, ClockTimer>();
    if (timers.has(until) || timers.size >= MOST_PER_GROUP) return;
    const timer = this.#clock.wakeAt(until, () => {
      timers.delete(until);
      if (timers.size === 0) this.#timers.delete(groupId);
      this.#plan(groupId);
    });
    this.#timers.set(groupId, timers.set(until, timer));
  }

  /** Lets go of all groups without planning them. */
  clear(): void {
    for (const timers of this.#timers.values()) for (const timer of timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
