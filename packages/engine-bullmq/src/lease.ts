import type { EngineSettings } from "./options.js";
import type { DueFire, ScheduleTable, TakenBatch } from "./schedule-table.js";

/** Dependencies of `Lease`. */
export interface LeaseParts {
  readonly table: ScheduleTable;
  readonly settings: EngineSettings;
  readonly onTrouble: (error: unknown) => void;
}

/** Keeps taken fires for as long as the ledger works on them, by extending the lease before it lapses. */
export class Lease {
  readonly #parts: LeaseParts;
  readonly #timer: NodeJS.Timeout;
  #batch: TakenBatch;
  #extension: Promise<void> | undefined;

  constructor(batch: TakenBatch, parts: LeaseParts) {
    this.#batch = batch;
    this.#parts = parts;
    // The machine's timer, not the injected clock: a lease uses the server's time.
    this.#timer = setInterval(() => this.#extend(), parts.settings.leaseMs / 3);
  }

  get fires(): readonly DueFire[] {
    return this.#batch.fires;
  }

  /** Stops extending. Resolves with the batch as currently leased. */
  async end(): Promise<TakenBatch> {
    clearInterval(this.#timer);
    await this.#extension;
    return this.#batch;
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
