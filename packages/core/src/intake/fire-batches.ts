import type { Fire, FireResult, FireSink } from "../engine/engine.js";
import { StoreError } from "../errors/errors.js";
import { Batcher } from "../store/batcher.js";
import { endOfTick } from "./gather.js";

/** Result of a fire that shared a batch with others. */
export interface Fired extends FireResult {
  /** Whether this fire planned the runs; other fires of its group in the same batch find them planned. */
  readonly hasPlanned: boolean;
}

/** Passes fires on in batches, each of which is one transaction, so callbacks get cheaper under load. */
export class FireBatches {
  readonly #fires: Batcher<Fire, Fired>;

  constructor(sink: FireSink) {
    this.#fires = new Batcher(async (batch) => told(await sink.fire(batch)), {
      // Fires whose schedules were read together go together; waiting a whole turn more would only make the
      // batches smaller.
      gathered: endOfTick,
      // If the store is unavailable, trying each by itself would only take longer.
      isOfOne: (error) => !(error instanceof StoreError && error.code === "STORE_UNAVAILABLE"),
    });
  }

  /** @throws what the sink throws for this fire; a group that cannot be planned holds up no other */
  async fire(fire: Fire): Promise<Fired> {
    const [fired] = await this.#fires.add([fire]);
    return fired!;
  }
}

/** All fires of a group in a batch have the same result; the first of them counts as the one that planned. */
function told(results: readonly FireResult[]): Fired[] {
  const seen = new Set<string>();
  return results.map((result) => {
    const isFirst = !seen.has(result.groupId);
    seen.add(result.groupId);
    return { ...result, hasPlanned: isFirst && result.runs.length > 0 };
  });
}
