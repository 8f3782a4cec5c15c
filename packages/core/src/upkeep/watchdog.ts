import type { Clock, EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { isolated, OwnError } from "../planning/isolated.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { Grid } from "../schedule/grid.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { DueFire } from "../store/schedule-table.js";
import { Routine } from "./routine.js";

const PAGE = 1_000;

/** The most overdue schedules checked in one pass. */
const MOST_AT_ONCE = 20_000;

/** The shortest `engineGraceMs` that a schedule may have: fires overdue by less are not checked. */
const SHORTEST_GRACE_MS = 1_000;

/**
 * How long the watchdog sleeps at most if nothing is due, ms: on a shared store, schedules that others register
 * meanwhile may be due sooner. This process announces its own.
 */
const LONGEST_LOOK_MS = { shared: 60_000, unshared: 900_000 };

interface WatchdogParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly planner: IntervalPlanner;
  readonly specs: SpecCache;
  /** Time between checks, ms. */
  readonly everyMs: number;
}

/**
 * Plans intervals whose engines stay silent, and cancelled ones that nothing covers: an engine's or a
 * manager's death costs lateness, never data.
 */
export class Watchdog {
  readonly #parts: WatchdogParts;
  readonly #looking: Routine;
  /** The overdue fire at which the next check begins. */
  #from: EpochMs = Number.MIN_SAFE_INTEGER;
  readonly #onChange = (): void => this.#looking.runWithin(this.#parts.everyMs);

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#look(),
      onError: (error) => this.#trouble(error),
      retryMs: parts.everyMs,
    });
  }

  start(): void {
    const { emitter, everyMs } = this.#parts;
    emitter.on("schedule-status", this.#onChange);
    emitter.on("clock-stepped", this.#onChange);
    this.#looking.start(everyMs);
  }

  stop(): Promise<void> {
    const { emitter } = this.#parts;
    emitter.off("schedule-status", this.#onChange);
    emitter.off("clock-stepped", this.#onChange);
    return this.#looking.stop();
  }

  /**
   * Returns when to check again, ms from now: not before anything can be overdue, and not so late that a new
   * schedule is missed.
   */
  async #look(): Promise<number> {
    const { clock, store, everyMs } = this.#parts;
    const now = clock.now();
    const longestMs = LONGEST_LOOK_MS[store.isShared ? "shared" : "unshared"];
    const [first] = await store.due({ before: now + longestMs, limit: 1 });
    const overdueAt = first === undefined ? now + longestMs : first.fireAt + SHORTEST_GRACE_MS;
    if (overdueAt < now) await this.#planOverdue(now);
    await this.#planUncovered();
    return Math.max(0, overdueAt - now) + everyMs;
  }

  #trouble(error: unknown): void {
    this.#parts.emitter.emit("trouble", {
      where: "watchdog",
      error: { code: "PLAN_FAILED", message: messageOf(error) },
    });
  }

  /**
   * Checks overdue schedules, oldest first; if there are too many, the next check continues behind the last
   * one.
   */
  async #planOverdue(now: EpochMs): Promise<void> {
    const { store } = this.#parts;
    const before = now - SHORTEST_GRACE_MS;
    const seen = new Set<string>();
    let from = this.#from;
    let limit = PAGE;
    while (this.#looking.isRunning) {
      const due = await store.due({ from, before, limit });
      const fresh = due.filter(({ groupId }) => !seen.has(groupId));
      for (const { groupId } of fresh) seen.add(groupId);
      await this.#planSilent(fresh, now);
      const isLast = due.length < limit;
      const last = due.at(-1)?.fireAt ?? before;
      if (isLast) from = Number.MIN_SAFE_INTEGER;
      else if (last > from) from = last;
      // More are due at one instant than fit on a page.
      else limit *= 2;
      this.#from = from;
      if (isLast || seen.size >= MOST_AT_ONCE) return;
    }
  }

  /** Plans groups whose cancelled runs nothing covers: a manager may have died between the two. */
  async #planUncovered(): Promise<void> {
    const { store, planner } = this.#parts;
    let cursor: string | undefined;
    do {
      const place = cursor === undefined ? {} : { cursor };
      const page = await store.listRuns({ isUncovered: true }, { limit: PAGE, ...place });
      if (page.items.length > 0) await planner.plan(page.items.map(({ groupId }) => groupId));
      cursor = page.next;
    } while (cursor !== undefined && this.#looking.isRunning);
  }

  async #planSilent(due: readonly DueFire[], now: EpochMs): Promise<void> {
    const { planner, emitter } = this.#parts;
    const known = await this.#specsOf(due);
    const silent = due.flatMap((fire, index) => {
      const spec = known[index];
      return spec !== undefined && fire.fireAt + spec.engineGraceMs <= now ? [{ ...fire, spec }] : [];
    });
    if (silent.length === 0) return;
    await planner.plan(silent.map(({ groupId }) => groupId));
    for (const { groupId, engine, fireAt, spec } of silent) {
      // Engines that fire by their own calendars do not know when planning that waits is checked again.
      if (!new Grid(spec).isCut(fireAt - spec.delayMs)) continue;
      emitter.emit("engine-silent", { groupId, engine, dueAt: fireAt, lateMs: now - fireAt });
    }
  }

  /** Returns the specification of each schedule; `undefined` if the schedule does not exist or cannot be read. */
  async #specsOf(due: readonly DueFire[]): Promise<(ScheduleSpec | undefined)[]> {
    const { store, specs } = this.#parts;
    const specOf = ({ groupId, version }: DueFire) => specs.peekVersion(groupId, version);
    const unknown = due.filter((fire) => specOf(fire) === undefined).map(({ groupId }) => groupId);
    const schedules = await isolated(unknown, (groupIds) => store.getSchedules(groupIds)).catch((error) => {
      this.#trouble(error);
      return [];
    });
    const read = new Map<string, ScheduleSpec>();
    for (const schedule of schedules) {
      if (schedule === undefined || schedule instanceof OwnError) continue;
      specs.remember(schedule);
      read.set(schedule.spec.groupId, schedule.spec);
    }
    return due.map((fire) => read.get(fire.groupId) ?? specOf(fire));
  }
}
