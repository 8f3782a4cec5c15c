import type { Clock } from "@tidegate/core/clock";
import type { Fire, FireSink } from "@tidegate/core/engine";
import { fireInHalves } from "./halving.js";
import { Lease } from "./lease.js";
import type { EngineSettings } from "./options.js";
import type { DueFire, ScheduleTable } from "./schedule-table.js";

/** Dependencies of `BatchFiring`. */
export interface BatchFiringParts {
  readonly table: ScheduleTable;
  readonly sink: FireSink;
  readonly clock: Clock;
  readonly settings: EngineSettings;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Takes batches of due fires, hands them to the ledger, and writes back when each group is due next. If that
 * fails, the lease lapses and another worker takes them again.
 */
export class BatchFiring {
  readonly #parts: BatchFiringParts;
  readonly #underWay = new Set<Promise<void>>();
  #isRunning = true;

  constructor(parts: BatchFiringParts) {
    this.#parts = parts;
  }

  /** Fires until nothing more is due. */
  answerCall(): Promise<void> {
    const work = this.#fireDue()
      .catch(this.#parts.onTrouble)
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    return work;
  }

  /** Takes no more batches, and resolves when no fire is in progress. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#underWay);
  }

  async #fireDue(): Promise<void> {
    const { table, clock, settings } = this.#parts;
    while (this.#isRunning) {
      const batch = await table.take(clock.now());
      if (batch.fires.length > 0) await this.#fire(new Lease(batch, this.#parts));
      if (batch.fires.length < settings.batchSize) return;
    }
  }

  async #fire(lease: Lease): Promise<void> {
    const { table, sink, settings, onTrouble } = this.#parts;
    const { results, error } = await fireInHalves(sink, lease.fires.map(fireOf));
    const { fires, leasedUntil } = await lease.end();
    const isPlanned = (_: unknown, index: number): boolean => results[index] !== undefined;
    const planned = fires.filter(isPlanned);
    const refused = fires.filter((fire, index) => !isPlanned(fire, index));
    const nextFireAts = results.flatMap((result) => (result === undefined ? [] : [result.nextFireAt]));
    if (planned.length > 0) await table.settle({ fires: planned, leasedUntil }, nextFireAts);
    if (refused.length === 0) return;
    onTrouble(error);
    await table.postpone({ fires: refused, leasedUntil }, settings.retryMs);
  }
}

function fireOf({ groupId, definition: { fireAt, delayMs } }: DueFire): Fire {
  return { groupId, scheduledTime: (fireAt ?? 0) - delayMs };
}
