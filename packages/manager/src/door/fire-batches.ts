import type { Fire, FireSink, NewRun, TidegateEmitter } from "@tidegate/core";

/** What became of a fire. */
export interface Fired {
  /** Whether the fire itself planned anything. */
  readonly hasPlanned: boolean;
  /** Runs of its group that were planned meanwhile. */
  readonly runs: readonly NewRun[];
}

interface Waiting {
  readonly fire: Fire;
  readonly resolve: (fired: Fired) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Hands fires on in batches: those that come while others are being planned go together, as one transaction. So the busier
 * the door, the cheaper a callback.
 */
export class FireBatches {
  readonly #sink: FireSink;
  readonly #events: TidegateEmitter;
  #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(sink: FireSink, events: TidegateEmitter) {
    this.#sink = sink;
    this.#events = events;
  }

  /** @throws what the sink throws for this fire */
  fire(fire: Fire): Promise<Fired> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ fire, resolve, reject });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    // What comes in one turn of the event loop goes together.
    await null;
    while (this.#waiting.length > 0) await this.#hand(this.#waiting.splice(0));
    this.#isBusy = false;
  }

  async #hand(batch: readonly Waiting[]): Promise<void> {
    const planned = new Map<string, NewRun[]>();
    for (const { fire } of batch) planned.set(fire.groupId, []);
    const note = (runs: readonly NewRun[]): void => {
      for (const run of runs) planned.get(run.groupId)?.push(run);
    };
    this.#events.on("runs-planned", note);
    try {
      const results = await this.#sink.fire(batch.map(({ fire }) => fire));
      const counted = new Set<string>();
      for (const [index, { fire, resolve }] of batch.entries()) {
        // Of several fires for one group the first has planned what the others find.
        const hasPlanned = (results[index]?.planned ?? 0) > 0 && !counted.has(fire.groupId);
        counted.add(fire.groupId);
        resolve({ hasPlanned, runs: planned.get(fire.groupId) ?? [] });
      }
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      // One group that cannot be planned holds up no other.
      else for (const each of batch) await this.#hand([each]);
    } finally {
      this.#events.off("runs-planned", note);
    }
  }
}
