import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Run } from "../run/run.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Routine } from "./routine.js";

/** Dependencies of `ReadingKeeper`. */
export interface ReadingKeeperParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly dispatcher: Pick<Dispatcher, "cancelReadings">;
  /** Whether any group can be read by positions. */
  readonly isNeeded: boolean;
  /** Time between passes, ms: another manager may have died since. */
  readonly everyMs: number;
}

/**
 * Cancels failed runs that hold up a reading which has begun since: the manager that began it may have died before it did, could not
 * stop a job, or did not see a run that failed elsewhere in that moment. Level-triggered: the store knows which runs block, and of which
 * reading they are.
 */
export class ReadingKeeper {
  readonly #parts: ReadingKeeperParts;
  readonly #looking: Routine;
  readonly #onBlocked = ({ offsets }: Run): void => {
    if (offsets !== null) this.#looking.runWithin(0);
  };

  constructor(parts: ReadingKeeperParts) {
    this.#parts = parts;
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: parts.everyMs,
    });
  }

  start(): void {
    if (!this.#parts.isNeeded) return;
    this.#parts.signals.on("lane-blocked", this.#onBlocked);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("lane-blocked", this.#onBlocked);
    await this.#looking.stop();
  }

  async #pass(): Promise<number> {
    const { dispatcher, everyMs, store } = this.#parts;
    /** The oldest reading of a group of which a run blocks. */
    const oldest = new Map<string, number>();
    for await (const { groupId, offsets } of eachRun(store, { isBlocking: true, states: ["FAILED"] }))
      if (offsets !== null)
        oldest.set(groupId, Math.min(offsets.epoch, oldest.get(groupId) ?? offsets.epoch));
    const groupIds = [...oldest.keys()];
    const epochs = groupIds.length === 0 ? [] : await store.getEpochs(groupIds);
    for (const [index, groupId] of groupIds.entries()) {
      const epoch = epochs[index]!;
      if (oldest.get(groupId)! < epoch && this.#looking.isRunning)
        await dispatcher.cancelReadings(groupId, epoch);
    }
    return everyMs;
  }

  #trouble(error: unknown): void {
    this.#parts.emitter.emit("trouble", {
      where: "source",
      error: {
        code: "CANCEL_FAILED",
        message: `Runs of earlier readings were not cancelled: ${messageOf(error)}`,
      },
    });
  }
}
