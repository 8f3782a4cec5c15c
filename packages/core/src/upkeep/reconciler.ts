import type { Clock } from "../clock/clock.js";
import type { EngineEntry } from "../engine/engine.js";
import { engineSchedule } from "../engine/engine-schedule.js";
import { messageOf } from "../errors/errors.js";
import type { EngineForgotEvent, ScheduleEvent, TidegateEmitter } from "../events/events.js";
import { OwnError } from "../planning/isolated.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES, statusesThat } from "../schedule/status.js";
import { eachItem } from "../store/each-item.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { EngineRegistry } from "./engine-registry.js";
import { type EngineOutbox, groupIdsOf, toldApart } from "./outbox.js";
import { Routine } from "./routine.js";

const PAGE = 1_000;

/**
 * Delay before an engine that refused is notified again, ms; doubles with each refusal, up to the time
 * between passes.
 */
const FIRST_RETRY_MS = 5_000;

interface ReconcilerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly engines: EngineRegistry;
  readonly outbox: EngineOutbox;
  /** Time between passes, ms. */
  readonly everyMs: number;
  readonly onDrift: "mend" | "report";
}

/** Differences between an engine's definitions and the store's. */
export interface EngineDifference {
  readonly missing: Schedule[];
  readonly stale: Schedule[];
  readonly orphans: string[];
}

/**
 * Finishes what a crash or an unreachable engine left half done: at start, periodically, and soon after an
 * engine has refused. At start, periodically, and as soon as an engine has noticed a loss, it also compares
 * the engines' listings with the store: missing definitions are registered, stale ones updated and orphans
 * removed, or the differences are only reported.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #passes: Routine;
  /** When engines are compared again, elapsed ms; until then a pass only retries what was refused. */
  #compareAt = Number.NEGATIVE_INFINITY;
  /** Whether an engine has refused since the last pass began. */
  #hasRefused = false;
  #retryInMs = FIRST_RETRY_MS;
  /** Engines to be compared before the next periodic pass. */
  readonly #doubted = new Set<string>();
  readonly #onForgot = ({ engine }: EngineForgotEvent): void => {
    this.#doubted.add(engine);
    void this.#passes.run();
  };
  readonly #onStatus = ({ status }: ScheduleEvent): void => {
    if (status === "FAILED") this.#retrySoon();
  };

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#passes = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: parts.everyMs,
    });
  }

  start(): void {
    this.#parts.emitter.on("schedule-status", this.#onStatus);
    this.#parts.emitter.on("engine-forgot", this.#onForgot);
    this.#compareAt = Number.NEGATIVE_INFINITY;
    this.#passes.start();
  }

  async stop(): Promise<void> {
    this.#parts.emitter.off("schedule-status", this.#onStatus);
    this.#parts.emitter.off("engine-forgot", this.#onForgot);
    await this.#passes.stop();
  }

  /** Compares all engines now. Errors are reported as events and retried in the next pass. */
  reconcile(): Promise<void> {
    this.#compareAt = Number.NEGATIVE_INFINITY;
    return this.#passes.run();
  }

  /** Has engines that are unavailable or refuse asked again long before they are compared. */
  #retrySoon(): void {
    if (this.#hasRefused) return;
    this.#hasRefused = true;
    this.#passes.runWithin(this.#retryInMs);
  }

  async #pass(): Promise<number> {
    const { clock, everyMs, engines } = this.#parts;
    if (this.#hasRefused) this.#retryInMs = Math.min(2 * this.#retryInMs, everyMs);
    this.#hasRefused = false;
    await this.#guarded(() => this.#deliverOutbox());
    if (this.#compareAt <= clock.monotonicNow()) {
      this.#compareAt = clock.monotonicNow() + everyMs;
      for (const { engineType, capabilities } of engines.clients) {
        if (capabilities.holdsDefinitions) this.#doubted.add(engineType);
      }
    }
    await this.#compareDoubted();
    if (!this.#hasRefused) this.#retryInMs = FIRST_RETRY_MS;
    return Math.max(0, this.#compareAt - clock.monotonicNow());
  }

  /** Compares engines whose definitions may differ; one that cannot be read or repaired is tried again soon. */
  async #compareDoubted(): Promise<void> {
    for (const engine of [...this.#doubted]) {
      this.#doubted.delete(engine);
      await this.#guarded(
        () => this.#compare(engine),
        () => this.#doubtAgain(engine),
      );
    }
  }

  #doubtAgain(engine: string): void {
    this.#doubted.add(engine);
    this.#retrySoon();
  }

  async #guarded(pass: () => Promise<void>, otherwise = () => {}): Promise<void> {
    try {
      await pass();
    } catch (error) {
      this.#trouble(error);
      otherwise();
    }
  }

  #trouble(error: unknown): void {
    this.#parts.emitter.emit("trouble", {
      where: "reconciler",
      error: { code: "ENGINE_FAILED", message: messageOf(error) },
    });
  }

  async #deliverOutbox(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.#parts.store.listSchedules(
        { statuses: statusesThat("owesEngine") },
        { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
      );
      await this.#parts.outbox.deliverLeft(page.items);
      cursor = page.next;
    } while (cursor !== undefined && this.#passes.isRunning);
  }

  async #compare(engine: string): Promise<void> {
    const listed = this.#parts.engines.clientOf(engine).list();
    const difference = await compare(listed, this.#held(engine));
    if (this.#parts.onDrift === "mend") return this.#repair(engine, difference);
    const missing = await this.#stillHeld(difference.missing);
    const stale = await this.#stillHeld(difference.stale);
    const orphans = await this.#stillOrphans(engine, difference.orphans);
    if (missing.length + stale.length + orphans.length === 0) return;
    const told = { engine, missing: groupIdsOf(missing), stale: groupIdsOf(stale), orphans };
    this.#parts.emitter.emit("engine-differs", told);
  }

  /**
   * Repairs the differences; checks each part again just before it is repaired, since the previous part may
   * have taken long.
   */
  async #repair(engine: string, difference: EngineDifference): Promise<void> {
    const client = this.#parts.engines.clientOf(engine);
    const orphans = await this.#stillOrphans(engine, difference.orphans);
    const removed = await this.#told(engine, orphans, (part) => client.unregister(part));
    const missing = await this.#stillHeld(difference.missing);
    const registered = await this.#told(engine, missing, (part) => client.register(part.map(engineSchedule)));
    const stale = await this.#stillHeld(difference.stale);
    const updated = await this.#told(engine, stale, (part) => client.update(part.map(engineSchedule)));
    if (registered + updated + removed === 0) return;
    this.#parts.emitter.emit("engine-repaired", { engine, registered, updated, removed });
  }

  /** Returns how many items the engine accepted. Reports each refusal, which does not affect the others. */
  async #told<T>(
    engine: string,
    items: readonly T[],
    call: (part: readonly T[]) => Promise<void>,
  ): Promise<number> {
    try {
      const answers = await toldApart(items, call);
      const refusals = answers.filter((answer) => answer instanceof OwnError);
      for (const { error } of refusals) this.#trouble(error);
      return items.length - refusals.length;
    } catch (error) {
      this.#trouble(error);
      this.#doubtAgain(engine);
      return 0;
    }
  }

  /**
   * Returns the schedules that the engine should still hold, as they are now: some may have changed or been
   * paused since the listings began.
   */
  async #stillHeld(schedules: readonly Schedule[]): Promise<Schedule[]> {
    const now = await this.#now(groupIdsOf(schedules));
    return now.filter(
      (schedule): schedule is Schedule => schedule?.status === "REGISTERED" && schedule.unreadable === null,
    );
  }

  async #stillOrphans(engine: string, groupIds: readonly string[]): Promise<string[]> {
    const owners = await this.#now(groupIds);
    return groupIds.filter((_, index) => {
      const owner = owners[index];
      return owner === undefined || owner.spec.engine !== engine || !SCHEDULE_STATUSES[owner.status].isHeld;
    });
  }

  async #now(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    return groupIds.length === 0 ? [] : this.#parts.store.getSchedules(groupIds);
  }

  /** Yields the schedules that the engine should hold, ordered by group id. */
  #held(engine: string): AsyncGenerator<Schedule> {
    return eachItem((page) => this.#parts.store.listSchedules({ engine, statuses: ["REGISTERED"] }, page));
  }
}

/** Merges two listings that are ordered by group id, without holding either in memory. */
export async function compare(
  actual: AsyncIterable<EngineEntry>,
  wanted: AsyncIterable<Schedule>,
): Promise<EngineDifference> {
  const difference: EngineDifference = { missing: [], stale: [], orphans: [] };
  const left = actual[Symbol.asyncIterator]();
  const right = wanted[Symbol.asyncIterator]();
  let entry = await left.next();
  let schedule = await right.next();
  while (!entry.done || !schedule.done) {
    const order = entry.done
      ? 1
      : schedule.done
        ? -1
        : compareUtf8(entry.value.groupId, schedule.value.spec.groupId);
    if (order < 0) {
      difference.orphans.push(entry.value.groupId);
    } else if (order > 0) {
      difference.missing.push(schedule.value);
    } else if (entry.value.version !== schedule.value.version) {
      difference.stale.push(schedule.value);
    }
    if (order <= 0) entry = await left.next();
    if (order >= 0) schedule = await right.next();
  }
  return difference;
}

/** Group ids are ASCII, so code unit order is UTF-8 byte order. */
function compareUtf8(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
