import { describe, expect, it } from "@jest/globals";
import type { Fire, FireResult } from "@tidegate/core/engine";
import fc from "fast-check";
import { fireInHalves } from "../src/halving.js";

function fires(count: number): Fire[] {
  return Array.from({ length: count }, (_, index) => ({ groupId: `${index}`, scheduledTime: index }));
}

/** A ledger that refuses each batch with one of these groups in it, and counts how often it was asked. */
function ledgerWith(poisoned: ReadonlySet<string>) {
  const ledger = {
    calls: 0,
    planned: [] as string[],
    fire: async (batch: readonly Fire[]): Promise<FireResult[]> => {
      ledger.calls += 1;
      if (batch.some(({ groupId }) => poisoned.has(groupId))) throw new Error("poisoned");
      ledger.planned.push(...batch.map(({ groupId }) => groupId));
      return batch.map(({ groupId }) => ({ groupId, outcome: "planned", runs: [], nextFireAt: 1 }));
    },
  };
  return ledger;
}

describe("a batch that the ledger refuses", () => {
  it("for one group's sake is planned but for that group, whichever it is", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 200 }), fc.nat(), async (count, which) => {
        const poisoned = `${which % count}`;
        const ledger = ledgerWith(new Set([poisoned]));
        const { results, error } = await fireInHalves(ledger, fires(count));
        expect(error).toBeInstanceOf(Error);
        const refused = results.flatMap((result, index) => (result === undefined ? [`${index}`] : []));
        expect(refused).toEqual([poisoned]);
        expect(ledger.planned).toHaveLength(count - 1);
        expect(ledger.calls).toBeLessThanOrEqual(1 + 2 * Math.ceil(Math.log2(count)));
      }),
    );
  });

  it("for the sake of three is planned but for these within a few repetitions", async () => {
    const inputs = [
      fc.integer({ min: 4, max: 500 }),
      fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
    ] as const;
    await fc.assert(
      fc.asyncProperty(...inputs, async (count, which) => {
        const poisoned = new Set(which.map((index) => `${index % count}`));
        const ledger = ledgerWith(poisoned);
        let left = fires(count);
        for (let round = 0; round < 5; round += 1) {
          const before = ledger.calls;
          const { results } = await fireInHalves(ledger, left);
          expect(ledger.calls - before).toBeLessThanOrEqual(40);
          left = left.filter((_, index) => results[index] === undefined);
        }
        expect(new Set(left.map(({ groupId }) => groupId))).toEqual(poisoned);
        expect(ledger.planned).toHaveLength(count - poisoned.size);
      }),
    );
  });

  it("whatever is in it is left for later after a few attempts", async () => {
    const all = fires(500);
    const ledger = ledgerWith(new Set(all.map(({ groupId }) => groupId)));
    const { results, error } = await fireInHalves(ledger, all);
    expect(results).toEqual(all.map(() => undefined));
    expect(error).toBeInstanceOf(Error);
    expect(ledger.calls).toBe(1 + 2 + 4);
  });

  it("answers in the order of the fires where it does not refuse", async () => {
    const { results, error } = await fireInHalves(ledgerWith(new Set()), fires(5));
    expect(error).toBeUndefined();
    expect(results.map((result) => result?.groupId)).toEqual(["0", "1", "2", "3", "4"]);
  });
});
