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
import { FireQueue } from "./fire-queue.js";

/** How the embedded engine works. */
export interface EmbeddedEngineOptions {
  /** Fires due within this time are kept in memory, ms; later ones stay in the store. @default 5,000 */
  readonly horizonMs?: number;
  /** At most this many fires are kept in memory; with more, the horizon is nearer. @default 100,000 */
  readonly maxQueued?: number;
  /** At most this many fires are handed over at once. @default 1,000 */
  readonly batchSize?: number;
}

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
    hasNativeCatchup: true,
    hasNativeBackfill: false,
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
  #timer: ClockTimer | undefined;
  #turn: Promise<void> | undefined;
  readonly #onFireMoved = ({ groupId, nextFireAt, delayMs }: FireMovedEvent): void => {
    this.#queue.remove(groupId);
    this.#note(groupId, nextFireAt, delayMs);
    this.#arm();
  };

  constructor({ store, clock, options = {} }: EmbeddedEngineParts) {
    this.#store = store;
    this.#clock = clock;
    this.#horizonMs = options.horizonMs ?? 5_000;
    this.#maxQueued = options.maxQueued ?? 100_000;
    this.#batchSize = options.batchSize ?? 1_000;
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
    for (const { groupId, nextFireAt, spec } of schedules) this.#note(groupId, nextFireAt, spec.delayMs);
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

  /** Queues a fire if it lies within what is loaded; a later one is found in the store in its time. */
  #note(groupId: string, fireAt: EpochMs | null, delayMs: number): void {
    if (fireAt === null || fireAt >= this.#loadedUpTo) return;
    this.#queue.add({ groupId, fireAt, scheduledTime: fireAt - delayMs });
  }

  #turnSoon(): void {
    if (this.#context === undefined || this.#turn !== undefined) return;
    this.#turn = this.#fireDue()
      .catch(() => this.#retryLater())
      .finally(() => {
        this.#turn = undefined;
        this.#arm();
      });
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
    this.#note(result.groupId, result.nextFireAt, fired.fireAt - fired.scheduledTime);
  }

  #hasRoom(): boolean {
    return this.#queue.size <= this.#maxQueued / 2;
  }

  /** Brings the fires of the next while from the store; where they come thick, only those that there is room for. */
  async #load(now: EpochMs): Promise<void> {
    const room = this.#maxQueued;
    const before = now + this.#horizonMs;
    const from = this.#loadedUpTo;
    const due = await this.#store.due({
      before: before - 1,
      engine: this.engineType,
      limit: room,
      ...(Number.isFinite(from) ? { from } : {}),
    });
    for (const { groupId, fireAt, scheduledTime } of due) this.#queue.add({ groupId, fireAt, scheduledTime });
    // Cut off by the limit, all before the last one's instant is loaded; that instant is asked for again.
    this.#loadedUpTo = due.length < room ? before : (due.at(-1)?.fireAt ?? before);
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
    if (!Number.isFinite(this.#loadedUpTo)) return;
    this.#timer?.cancel();
    const next = this.#queue.nextFireAt() ?? Number.POSITIVE_INFINITY;
    const at = this.#hasRoom() ? Math.min(next, this.#loadedUpTo - this.#horizonMs / 2) : next;
    this.#timer = this.#clock.wakeAt(at, () => this.#turnSoon());
  }
}
