import type { Fire, FireResult, FireSink } from "@tidegate/core";

/** What came of a batch, fire by fire. */
export interface HalvedResult {
  /** In the order of the fires; `undefined` where the ledger refused. */
  readonly results: readonly (FireResult | undefined)[];
  /** Why it last refused; `undefined` where it did not. */
  readonly error: unknown;
}

/** A part of a batch: from here to before there. */
interface Part {
  readonly from: number;
  readonly to: number;
}

/** After so many rounds in which all parts were refused, it is for no single group's sake. */
const FRUITLESS_ROUNDS = 3;

/** How often the ledger is asked at the most: enough to find two groups among 500. */
const MOST_ATTEMPTS = 40;

/**
 * Fires a batch. Where the ledger refuses it, its halves are tried, and theirs: a few groups that cannot be planned must
 * not hold up those that are due with them. What is refused in the end is for the caller to repeat.
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
