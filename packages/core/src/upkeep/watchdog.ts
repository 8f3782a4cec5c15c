import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { DueFire, ScheduleStore } from "../store/schedule-store.js";

const PAGE = 1_000;

/** The shortest `engineGraceMs` that a schedule may have: nothing younger is looked at. */
const SHORTEST_GRACE_MS = 1_000;

/** With nothing due, how long the watchdog sleeps at the most: what is registered meanwhile may be due sooner. */
const LONGEST_LOOK_MS = 60_000;

/** What a watchdog works with. */
export interface WatchdogParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly planner: IntervalPlanner;
  /** How often, ms. */
  readonly everyMs: number;
}

/** Plans what engines stay silent about: an engine's death costs lateness, never data. */
export class Watchdog {
  readonly #parts: WatchdogParts;
  #timer: ClockTimer | undefined;
  #pass: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isRunning = true;
    this.#schedule(this.#parts.clock.now() + this.#parts.everyMs);
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#pass;
  }

  #schedule(at: EpochMs): void {
    this.#timer = this.#parts.clock.wakeAt(at, () => {
      this.#pass = this.#look().then((next) => {
        if (this.#isRunning) this.#schedule(next);
      });
    });
  }

  /** Returns when to look again: not before anything can be overdue, and not so late that a new schedule is missed. */
  async #look(): Promise<EpochMs> {
    const { clock, store, emitter, everyMs } = this.#parts;
    const now = clock.now();
    try {
      const [first] = await store.due({ before: now + LONGEST_LOOK_MS, limit: 1 });
      const overdueAt = first === undefined ? now + LONGEST_LOOK_MS : first.fireAt + SHORTEST_GRACE_MS;
      if (overdueAt < now) await this.#planOverdue(now);
      return Math.max(now, overdueAt) + everyMs;
    } catch (error) {
      emitter.emit("trouble", {
        where: "watchdog",
        error: { code: "PLAN_FAILED", message: messageOf(error) },
      });
      return now + everyMs;
    }
  }

  async #planOverdue(now: EpochMs): Promise<void> {
    const { store, planner, emitter } = this.#parts;
    const before = now - SHORTEST_GRACE_MS;
    let from = Number.MIN_SAFE_INTEGER;
    let limit = PAGE;
    while (this.#isRunning) {
      const due = await store.due({ from, before, limit });
      const silent = await this.#silentSince(due, now);
      if (silent.length > 0) await planner.plan(silent.map(({ groupId }) => groupId));
      for (const { groupId, engine, fireAt } of silent) {
        emitter.emit("engine-silent", { groupId, engine, dueAt: fireAt, lateMs: now - fireAt });
      }
      if (due.length < limit) return;
      // Those that were planned are due no more; past the others it goes by their times, or by more at one time.
      const last = due.at(-1)!.fireAt;
      if (silent.length > 0) continue;
      if (last > from) from = last;
      else limit *= 2;
    }
  }

  async #silentSince(due: readonly DueFire[], now: number): Promise<DueFire[]> {
    const schedules = await this.#parts.store.getSchedules(due.map(({ groupId }) => groupId));
    return due.filter(({ fireAt }, index) => {
      const grace = schedules[index]?.spec.engineGraceMs;
      return grace !== undefined && fireAt + grace <= now;
    });
  }
}
