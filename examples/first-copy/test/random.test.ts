import { describe, expect, it } from "@jest/globals";
import type { OffsetLimit } from "@tidegate/core";
import fc from "fast-check";
import { copiedRows } from "../src/copied.js";
import { Stage, type Step } from "./stage.js";

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    orders: fc.integer({ min: 1, max: 12 }),
    kill: fc.option(fc.record({ atChange: fc.integer({ min: 1, max: 8 }), isMade: fc.boolean() }), {
      nil: undefined,
    }),
  }),
  { minLength: 1, maxLength: 4 },
);

const limits: fc.Arbitrary<OffsetLimit> = fc.record({
  records: fc.integer({ min: 1, max: 6 }),
  maxRuns: fc.integer({ min: 1, max: 4 }),
});

describe("a copy by positions", () => {
  it("has each row exactly once, whatever is written, wherever its managers are killed, and however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(steps, limits, async (played, limit) => {
        const stage = new Stage(limit);
        try {
          for (const step of played) await stage.play(step);
          expect(await stage.finish()).toBe(true);
          expect(await copiedRows(stage.copy)).toEqual(stage.shop.rows());
        } finally {
          await stage.dispose();
        }
      }),
      { numRuns: 5 },
    );
  });
});
