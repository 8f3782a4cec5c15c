import { createTidegate, type Tidegate, type TidegateOptions } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import type { VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import type { StageStore } from "./evidence.js";
import { Budget, Mortal } from "./mortal.js";

export const MINUTE = 60_000;

/** Dependencies of a `Succession`. */
export interface SuccessionParts {
  readonly clock: VirtualClock;
  readonly place: StageStore;
  /** Returns what a process has besides clock, store and engine. */
  readonly assemble: (
    mortal: Mortal,
    number: number,
  ) => Pick<TidegateOptions, "operators"> & Partial<TidegateOptions>;
  /** Called with each process before it starts. */
  readonly onStart?: (tidegate: Tidegate, mortal: Mortal, number: number) => void;
}

/** Processes of one story, one after the other, on one virtual clock and one store. */
export class Succession {
  readonly #parts: SuccessionParts;
  readonly #budget = new Budget(100_000, 200_000);
  #store: ScheduleStore;
  #count = 0;
  #tidegate!: Tidegate;
  #mortal!: Mortal;

  constructor(parts: SuccessionParts) {
    this.#parts = parts;
    this.#store = parts.place.store;
  }

  /** The present process's. */
  get tidegate(): Tidegate {
    return this.#tidegate;
  }

  get mortal(): Mortal {
    return this.#mortal;
  }

  async start(): Promise<void> {
    const { assemble, clock, onStart } = this.#parts;
    const mortal = new Mortal(this.#budget);
    const number = this.#count;
    this.#count += 1;
    this.#mortal = mortal;
    this.#tidegate = createTidegate({
      store: mortal.store(this.#store),
      engines: [embeddedEngine()],
      clock: mortal.clock(clock),
      dispatcher: { leaseMs: 5 * MINUTE, drainMs: 0 },
      watchdogEveryMs: 5 * MINUTE,
      reconcileEveryMs: 60 * MINUTE,
      ...assemble(mortal, number),
    });
    onStart?.(this.#tidegate, mortal, number);
    await this.#tidegate.start();
    await this.settle();
  }

  /** Kills the process, and starts another one. */
  async replace(): Promise<void> {
    this.#mortal.kill();
    this.#store = await this.#parts.place.reopen(false);
    await this.start();
  }

  /** Starts another process if this one is dead, and lets it live. */
  async survive(): Promise<void> {
    if (this.#mortal.isDead) await this.replace();
    this.#mortal.killAtWrite(Number.POSITIVE_INFINITY, false);
  }

  /** Lets everything happen that is due. */
  async settle(): Promise<void> {
    const budget = this.#budget;
    for (let calls = -1; calls !== budget.storeCalls && !budget.isSpent; ) {
      calls = budget.storeCalls;
      for (let turn = 0; turn < 3; turn += 1) await this.#parts.clock.settle();
    }
  }

  /** Lets time pass; if the process dies, another one takes over at the end of it. */
  async pass(minutes: number): Promise<void> {
    await this.#parts.clock.advance(minutes * MINUTE);
    await this.settle();
    if (this.#mortal.isDead) await this.replace();
  }

  async dispose(): Promise<void> {
    this.#mortal.kill();
    await this.#parts.place.dispose();
  }
}
