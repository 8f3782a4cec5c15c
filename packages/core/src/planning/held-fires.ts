import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";

/** Groups that are planned at a later time: they were fired early, or could not be planned in the background. */
export class HeldFires {
  readonly #clock: Clock;
  readonly #plan: (groupId: string) => void;
  readonly #timers = new Map<string, ClockTimer>();

  constructor(clock: Clock, plan: (groupId: string) => void) {
    this.#clock = clock;
    this.#plan = plan;
  }

  /** Holds a group until an instant; does nothing if it is held already. */
  hold(groupId: string, until: EpochMs): void {
    if (this.#timers.has(groupId)) return;
    const timer = this.#clock.wakeAt(until, () => {
      this.#timers.delete(groupId);
      this.#plan(groupId);
    });
    this.#timers.set(groupId, timer);
  }

  /** Lets go of all groups without planning them. */
  clear(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
