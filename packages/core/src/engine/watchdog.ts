import type { Clock, ClockTimer } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { IntervalPlanner } from "../ledger/planner.js";
import type { DueFire, ScheduleStore } from "../store/schedule-store.js";

const PAGE = 1_000;

/** The shortest `engineGraceMs` that a schedule may have: nothing younger is looked at. */
const SHORTEST_GRACE_MS = 1_000;

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
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#timer?.cancel();
    await this.#pass;
  }

  #schedule(): void {
    this.#timer = this.#parts.clock.wakeAt(this.#parts.clock.now() + this.#parts.everyMs, () => {
      this.#pass = this.#look().then(() => {
        if (this.#isRunning) this.#schedule();
      });
    });
  }

  async #look(): Promise<void> {
    try {
      await this.#planOverdue();
    } catch (error) {
      this.#parts.emitter.emit("trouble", {
        where: "watchdog",
        error: { code: "PLAN_FAILED", message: messageOf(error) },
      });
    }
  }

  async #planOverdue(): Promise<void> {
    const now = this.#parts.clock.now();
    let from: number | undefined;
    for (;;) {
      const due = await this.#parts.store.due({
        before: now - SHORTEST_GRACE_MS,
        limit: PAGE,
        ...(from === undefined ? {} : { from }),
      });
      const silent = await this.#silentSince(due, now);
      if (silent.length > 0) await this.#parts.planner.plan(silent.map(({ groupId }) => groupId));
      for (const { groupId, engine, fireAt } of silent) {
        this.#parts.emitter.emit("engine-silent", { groupId, engine, dueAt: fireAt, lateMs: now - fireAt });
      }
      const last = due.at(-1);
      if (last === undefined || due.length < PAGE || !this.#isRunning) return;
      from = silent.length === due.length ? undefined : last.fireAt + 1;
    }
  }

  async #silentSince(due: readonly DueFire[], now: number): Promise<DueFire[]> {
    if (due.length === 0) return [];
    const schedules = await this.#parts.store.getSchedules(due.map(({ groupId }) => groupId));
    return due.filter(({ fireAt }, index) => {
      const grace = schedules[index]?.spec.engineGraceMs;
      return grace !== undefined && fireAt + grace <= now;
    });
  }
}
