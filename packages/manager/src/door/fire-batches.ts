import {
  type Fire,
  type FireSink,
  isTidegateError,
  type NewRun,
  type TidegateEmitter,
  Together,
} from "@tidegate/core";
import { endOfTick } from "./gather.js";

/** The outcome of a fire. */
export interface Fired {
  /** Whether the fire itself planned anything. */
  readonly hasPlanned: boolean;
  /** Runs of its group that were planned meanwhile. */
  readonly runs: readonly NewRun[];
}

/** Passes fires on in batches, each of which is one transaction, so callbacks get cheaper under load. */
export class FireBatches {
  readonly #sink: FireSink;
  readonly #events: TidegateEmitter;
  readonly #fires: Together<Fire, Fired>;

  constructor(sink: FireSink, events: TidegateEmitter) {
    this.#sink = sink;
    this.#events = events;
    this.#fires = new Together((batch) => this.#hand(batch), {
      // Fires whose schedules were read together go together; waiting a whole turn more would only make the
      // batches smaller.
      gathered: endOfTick,
      // If the store is unavailable, trying each by itself would only take longer.
      isOfOne: (error) => !(isTidegateError(error) && error.code === "STORE_UNAVAILABLE"),
    });
  }

  /** @throws what the sink throws for this fire; a group that cannot be planned holds up no other */
  async fire(fire: Fire): Promise<Fired> {
    const [fired] = await this.#fires.add([fire]);
    return fired!;
  }

  async #hand(batch: readonly Fire[]): Promise<Fired[]> {
    const planned = new Map<string, NewRun[]>();
    for (const { groupId } of batch) planned.set(groupId, []);
    const note = (runs: readonly NewRun[]): void => {
      for (const run of runs) planned.get(run.groupId)?.push(run);
    };
    this.#events.on("runs-planned", note);
    try {
      const results = await this.#sink.fire(batch);
      const counted = new Set<string>();
      return batch.map(({ groupId }, index) => {
        // Of several fires for one group, the first planned what the others find.
        const hasPlanned = (results[index]?.runs.length ?? 0) > 0 && !counted.has(groupId);
        counted.add(groupId);
        return { hasPlanned, runs: planned.get(groupId) ?? [] };
      });
    } finally {
      this.#events.off("runs-planned", note);
    }
  }
}
