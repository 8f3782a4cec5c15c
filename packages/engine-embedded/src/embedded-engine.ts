import type {
  Clock,
  ClockTimer,
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  EpochMs,
  FireMoved,
  FireResult,
  ScheduleEngine,
  ScheduleStore,
} from "@tidegate/core";
import { FireQueue, type QueuedFire } from "./fire-queue.js";
import { type EmbeddedEngineOptions, settingsOf } from "./options.js";

/** Dependencies of `EmbeddedEngine`. */
export interface EmbeddedEngineParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly options?: EmbeddedEngineOptions;
}

/** Delay before a failed hand-over is retried, ms. */
const RETRY_MS = 1_000;

/**
 * In-process timers over the store. Only fires that are due soon are in memory; the store holds the next fire
 * times, so a restart recomputes nothing and a million waiting schedules cost no memory.
 */
export class EmbeddedEngine implements ScheduleEngine {
  readonly engineType = "embedded";
  readonly capabilities: EngineCapabilities = {
    finestPeriodMs: 1,
    holdsDefinitions: false,
  };
  readonly #store: ScheduleStore;
  readonly #clock: Clock;
  readonly #horizonMs: number;
  readonly #maxQueued: number;
  readonly #batchSize: number;
  readonly #queue = new FireQueue();
  #context: EngineContext | undefined;
  /** Every stored fire that is due before this instant is in the queue, or being handed over. */
  #loadedUpTo: EpochMs = Number.NEGATIVE_INFINITY;
  /** Fires noted during a load, which may have read the store before they were written. */
  readonly #notedMeanwhile: QueuedFire[] = [];
  #isLoading = false;
  #timer: ClockTimer | undefined;
  #turn: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;

  /** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
  constructor({ store, clock, options = {} }: EmbeddedEngineParts) {
    this.#store = store;
    this.#clock = clock;
    const { horizonMs, maxQueued, batchSize } = settingsOf(options);
    this.#horizonMs = horizonMs;
    this.#maxQueued = maxQueued;
    this.#batchSize = batchSize;
  }

  async start(context: EngineContext): Promise<void> {
    this.#context = context;
    this.#stopListening = context.onFireMoved((moved) => this.#noteMoved(moved));
    this.#loadedUpTo = Number.NEGATIVE_INFINITY;
    this.#turnSoon();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#context = undefined;
    this.#timer?.cancel();
    await this.#turn;
    this.#queue.clear();
  }

  async handleRegister(schedules: readonly EngineSchedule[]): Promise<void> {
    for (const { groupId, nextFireAt, spec } of schedules) this.#noteNext(groupId, nextFireAt, spec.delayMs);
    this.#arm();
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    for (const { groupId } of schedules) this.#queue.remove(groupId);
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) this.#queue.remove(groupId);
  }

  /** Yields nothing: the definitions are in the store itself, so there is nothing to compare. */
  async *list(): AsyncGenerator<EngineEntry> {}

  #noteMoved({ groupId, nextFireAt, delayMs }: FireMoved): void {
    this.#queue.remove(groupId);
    this.#noteNext(groupId, nextFireAt, delayMs);
    this.#arm();
  }

  #noteNext(groupId: string, fireAt: EpochMs | null, delayMs: number): void {
    if (fireAt !== null) this.#note({ groupId, fireAt, scheduledTime: fireAt - delayMs });
  }

  /** Queues a fire if it lies within what is loaded; a later one is read from the store in time. */
  #note(fire: QueuedFire): void {
    if (this.#isLoading) this.#notedMeanwhile.push(fire);
    if (fire.fireAt >= this.#loadedUpTo) return;
    const horizon = this.#clock.now() + this.#horizonMs;
    if (fire.fireAt >= horizon && !this.#hasRoom()) this.#loadedUpTo = horizon;
    else this.#queue.add(fire);
  }

  #turnSoon(): void {
    if (this.#context === undefined || this.#turn !== undefined) return;
    this.#turn = this.#takeTurn();
  }

  async #takeTurn(): Promise<void> {
    try {
      await this.#fireDue();
      this.#turn = undefined;
      this.#arm();
    } catch {
      this.#turn = undefined;
      this.#retryLater();
    }
  }

  /** Hands over due fires until none is left, and loads upcoming ones. */
  async #fireDue(): Promise<void> {
    for (;;) {
      if (this.#context === undefined) return;
      const now = this.#clock.now();
      if (this.#hasRoom() && now + this.#horizonMs / 2 >= this.#loadedUpTo) await this.#load(now);
      const due = this.#queue.takeDue(this.#clock.now(), this.#batchSize);
      if (due.length === 0) return;
      const results = await this.#context.sink.fire(due);
      for (const [index, result] of results.entries()) this.#noteResult(result, due[index]!);
    }
  }

  #noteResult(result: FireResult, fired: { fireAt: EpochMs; scheduledTime: EpochMs }): void {
    this.#noteNext(result.groupId, result.nextFireAt, fired.fireAt - fired.scheduledTime);
  }

  #hasRoom(): boolean {
    return this.#queue.size <= this.#maxQueued / 2;
  }

  /**
   * Loads the fires of the near future from the store, as many as there is room for. If there are few,
   * everything up to the first later one counts as loaded, which saves fruitless reads.
   */
  async #load(now: EpochMs): Promise<void> {
    this.#isLoading = true;
    try {
      await this.#loadFrom(now);
    } finally {
      this.#isLoading = false;
    }
    for (const fire of this.#notedMeanwhile.splice(0)) this.#note(fire);
  }

  async #loadFrom(now: EpochMs): Promise<void> {
    const from = this.#loadedUpTo;
    const query = { engine: this.engineType, ...(Number.isFinite(from) ? { from } : {}) };
    const before = now + this.#horizonMs;
    const due = await this.#store.due({ ...query, before: before - 1, limit: this.#maxQueued });
    for (const { groupId, fireAt, scheduledTime } of due) this.#queue.add({ groupId, fireAt, scheduledTime });
    if (due.length === this.#maxQueued) {
      // If the limit cut the list off, only fires before the last one's instant are complete; that instant is
      // read again.
      this.#loadedUpTo = due.at(-1)!.fireAt;
      return;
    }
    const [beyond] = await this.#store.due({
      engine: this.engineType,
      from: before,
      before: Number.MAX_SAFE_INTEGER,
      limit: 1,
    });
    this.#loadedUpTo = beyond?.fireAt ?? Number.POSITIVE_INFINITY;
  }

  #retryLater(): void {
    // Fires that were handed over may or may not be planned: the store knows.
    this.#queue.clear();
    this.#loadedUpTo = Number.NEGATIVE_INFINITY;
    this.#timer?.cancel();
    this.#timer = this.#clock.wakeAt(this.#clock.now() + RETRY_MS, () => this.#turnSoon());
  }

  #arm(): void {
    if (this.#context === undefined || this.#turn !== undefined) return;
    if (this.#loadedUpTo === Number.NEGATIVE_INFINITY) return;
    this.#timer?.cancel();
    const next = this.#queue.nextFireAt() ?? Number.POSITIVE_INFINITY;
    const at = this.#hasRoom() ? Math.min(next, this.#loadedUpTo - this.#horizonMs / 2) : next;
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.wakeAt(at, () => this.#turnSoon());
  }
}
