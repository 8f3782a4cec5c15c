import type { Fire, FireResult, FireSink } from "@tidegate/core/engine";

/** The outcome of a batch, fire by fire. */
export interface HalvedResult {
  /** In the order of the fires; `undefined` for those that the ledger refused. */
  readonly results: readonly (FireResult | undefined)[];
  /** The last refusal; `undefined` if there was none. */
  readonly error: unknown;
}

/** A part of a batch, `[from, to)`. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** After this many rounds in which all parts were refused, no single group is the cause. */
const FRUITLESS_ROUNDS = 3;

/** Maximum number of calls to the ledger: enough to isolate two groups among 500. */
const MOST_ATTEMPTS = 40;

/**
 * Fires a batch. If the ledger refuses it, retries its halves, and theirs: a few groups that cannot be
 * planned must not hold up the others. The caller repeats what is still refused in the end.
 */
export async function fireInHalves(sink: FireSink, fires: readonly Fire[]): Promise<HalvedResult> {
  const results: (FireResult | undefined)[] = fires.map(() => undefined);
  let error: unknown;
  let attempts = 0;
  let fruitless = 0;
  let parts: Part[] = [{ from: 0, to: fires.length }];
  while (parts.length > 0 && fruitless < FRUITLESS_ROUNDS) {
    const refused: Part[] = [];
    for (const part of parts) {
      attempts += 1;
      if (attempts > MOST_ATTEMPTS) return { results, error };
      try {
        const answers = await sink.fire(fires.slice(part.from, part.to));
        answers.forEach((answer, index) => {
          results[part.from + index] = answer;
        });
      } catch (reason) {
        error = reason ?? new Error("The ledger refused.");
        refused.push(part);
      }
    }
    fruitless = refused.length === parts.length ? fruitless + 1 : 0;
    parts = refused.filter(({ from, to }) => to - from > 1).flatMap(halvesOf);
  }
  return { results, error };
}

function halvesOf({ from, to }: Part): Part[] {
  const middle = Math.ceil((from + to) / 2);
  return [
    { from, to: middle },
    { from: middle, to },
  ];
}
