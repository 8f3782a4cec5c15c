import type {
  Clock,
  ClockTimer,
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  EpochMs,
  FireMovedEvent,
  FireResult,
  ScheduleEngine,
  ScheduleStore,
} from "@tidegate/core";
import { FireQueue, type QueuedFire } from "./fire-queue.js";
import { type EmbeddedEngineOptions, settingsOf } from "./options.js";

/** What the embedded engine works with. */
export interface EmbeddedEngineParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly options?: EmbeddedEngineOptions;
}

/** How soon a failed hand-over is tried again, ms. */
const RETRY_MS = 1_000;

/**
 * In-process timers over the store. Only what is due soon is in memory; next fire times are the store's, so that a
 * restart recomputes nothing and a million schedules cost no memory while they wait.
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
  /** Every fire of the store that is due before this instant is in the queue, or being handed over. */
  #loadedUpTo: EpochMs = Number.NEGATIVE_INFINITY;
  /** What was noted while a load was under way: it may have seen the store before. */
  readonly #notedMeanwhile: QueuedFire[] = [];
  #isLoading = false;
  #timer: ClockTimer | undefined;
  #turn: Promise<void> | undefined;
  readonly #onFireMoved = ({ groupId, nextFireAt, delayMs }: FireMovedEvent): void => {
    this.#queue.remove(groupId);
    this.#noteNext(groupId, nextFireAt, delayMs);
    this.#arm();
  };

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
    context.events.on("fire-moved", this.#onFireMoved);
    this.#loadedUpTo = Number.NEGATIVE_INFINITY;
    this.#turnSoon();
  }

  async stop(): Promise<void> {
    this.#context?.events.off("fire-moved", this.#onFireMoved);
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

  /** The store is where its definitions are, so there is nothing to hold against it. */
  async *list(): AsyncGenerator<EngineEntry> {}

  #noteNext(groupId: string, fireAt: EpochMs | null, delayMs: number): void {
    if (fireAt !== null) this.#note({ groupId, fireAt, scheduledTime: fireAt - delayMs });
  }

  /** Queues a fire if it lies within what is loaded; a later one is found in the store in its time. */
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

  /** Hands over what is due until nothing is, and loads what will be. */
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
   * Brings the fires of the next while from the store; where they come thick, only those that there is room for. Where
   * there are few, everything up to the first one beyond counts as loaded, so that nothing is looked up in vain.
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
      // Cut off by the limit, all before the last one's instant is loaded; that instant is asked for again.
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
    // What was handed over may be planned or not: the store knows.
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
