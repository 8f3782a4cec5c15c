import { type ClockTimer, SystemClock } from "@tidegate/core/clock";
import type { EngineSettings } from "./options.js";
import type { DueFire, ScheduleTable, TakenBatch } from "./schedule-table.js";

/** The machine's clock, not the injected one: a lease uses the server's time. */
const MACHINE = new SystemClock();

/** Dependencies of `Lease`. */
export interface LeaseParts {
  readonly table: ScheduleTable;
  readonly settings: EngineSettings;
  readonly onTrouble: (error: unknown) => void;
}

/** Keeps taken fires for as long as the ledger works on them, by extending the lease before it lapses. */
export class Lease {
  readonly #parts: LeaseParts;
  #timer: ClockTimer | undefined;
  #batch: TakenBatch;
  #extension: Promise<void> | undefined;

  constructor(batch: TakenBatch, parts: LeaseParts) {
    this.#batch = batch;
    this.#parts = parts;
    this.#arm();
  }

  get fires(): readonly DueFire[] {
    return this.#batch.fires;
  }

  /** Stops extending. Resolves with the batch as currently leased. */
  async end(): Promise<TakenBatch> {
    this.#timer?.cancel();
    await this.#extension;
    return this.#batch;
  }

  #arm(): void {
    this.#timer = MACHINE.wakeAfter(this.#parts.settings.leaseMs / 3, () => {
      this.#arm();
      this.#extend();
    });
  }

  #extend(): void {
    if (this.#extension !== undefined) return;
    const { table, settings, onTrouble } = this.#parts;
    this.#extension = table
      .postpone(this.#batch, settings.leaseMs)
      .then((batch) => {
        this.#batch = batch;
      })
      .catch(onTrouble)
      .finally(() => {
        this.#extension = undefined;
      });
  }
}
