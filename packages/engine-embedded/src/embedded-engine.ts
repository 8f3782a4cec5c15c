import { type EpochMs, isTidegateError } from "@tidegate/core";
import type { Clock, ClockTimer } from "@tidegate/core/clock";
import type {
  EngineBody,
  EngineContext,
  EngineParts,
  EngineSchedule,
  FireMoved,
  FireResult,
} from "@tidegate/core/engine";
import { messageOf } from "@tidegate/core/plugin";
import type { ScheduleStore } from "@tidegate/core/store";
import { FireQueue, type QueuedFire } from "./fire-queue.js";
import type { EmbeddedEngineOptions } from "./options.js";

/** The name by which schedules choose the engine. */
export const ENGINE_TYPE = "embedded";

/** Delay before a failed hand-over is retried, ms. */
const RETRY_MS = 1_000;

/**
 * In-process timers over the store. Only fires that are due soon are in memory; the store holds the next fire
 * times, so a restart recomputes nothing and a million waiting schedules cost no memory.
 */
export class EmbeddedEngine implements EngineBody {
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
  /**
   * Groups whose fires moved since the fires in progress were handed over, which is newer than the answer to these.
   * `undefined` at any other time.
   */
  #movedMeanwhile: Set<string> | undefined;
  #timer: ClockTimer | undefined;
  #turn: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;

  constructor(
    { store, clock }: EngineParts,
    { horizonMs, maxQueued, batchSize }: Required<EmbeddedEngineOptions>,
  ) {
    this.#store = store;
    this.#clock = clock;
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
    for (const schedule of schedules) this.#move(schedule);
    this.#arm();
  }

  handleUpdate(schedules: readonly EngineSchedule[]): Promise<void> {
    return this.handleRegister(schedules);
  }

  async handleUnregister(groupIds: readonly string[]): Promise<void> {
    for (const groupId of groupIds) this.#forget(groupId);
  }

  #noteMoved(moved: FireMoved): void {
    this.#move(moved);
    this.#arm();
  }

  #move({ groupId, nextFireAt, delayMs }: FireMoved): void {
    this.#forget(groupId);
    this.#noteNext(groupId, nextFireAt, delayMs);
  }

  #forget(groupId: string): void {
    this.#movedMeanwhile?.add(groupId);
    this.#queue.remove(groupId);
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
    } catch (error) {
      this.#turn = undefined;
      this.#trouble(error);
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
      const moved = new Set<string>();
      this.#movedMeanwhile = moved;
      const results = await this.#context.sink.fire(due);
      this.#movedMeanwhile = undefined;
      for (const [index, result] of results.entries())
        if (!moved.has(result.groupId)) this.#noteResult(result, due[index]!);
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
   * everything up to the first later one counts as loaded, which saves fruitless reads. In a shared store,
   * another process may move a fire into what is loaded here, and die before it fires it: there all that is due
   * soon is read again each time.
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
    const { isShared } = this.#store;
    const from = isShared ? Number.NEGATIVE_INFINITY : this.#loadedUpTo;
    const query = { engine: ENGINE_TYPE, ...(Number.isFinite(from) ? { from } : {}) };
    const before = now + this.#horizonMs;
    const due = await this.#store.due({ ...query, before: before - 1, limit: this.#maxQueued });
    for (const { groupId, fireAt, scheduledTime } of due) this.#queue.add({ groupId, fireAt, scheduledTime });
    if (due.length === this.#maxQueued) {
      // If the limit cut the list off, only fires before the last one's instant are complete; that instant is
      // read again.
      this.#loadedUpTo = due.at(-1)!.fireAt;
      return;
    }
    if (isShared) {
      this.#loadedUpTo = before;
      return;
    }
    const [beyond] = await this.#store.due({
      engine: ENGINE_TYPE,
      from: before,
      before: Number.MAX_SAFE_INTEGER,
      limit: 1,
    });
    this.#loadedUpTo = beyond?.fireAt ?? Number.POSITIVE_INFINITY;
  }

  #trouble(error: unknown): void {
    const code = isTidegateError(error) ? error.code : "ENGINE_FAILED";
    this.#context?.events.emit("trouble", { where: "engine", error: { code, message: messageOf(error) } });
  }

  #retryLater(): void {
    if (this.#context === undefined) return;
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
