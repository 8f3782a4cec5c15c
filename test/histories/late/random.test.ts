import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { inMemory } from "../places.js";
import { brokenLaws } from "./laws.js";
import { playedLate } from "./stage.js";
import { lateStories } from "./story.js";

// TIDEGATE_HISTORIES=100000 TIDEGATE_SEED=7 plays a tenth of so many, others than those of each run.
const COUNT = Math.ceil(Number(process.env.TIDEGATE_HISTORIES ?? 1_000) / 10);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_260_327);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 2_000);

describe("random stories of late data", () => {
  it(
    "lose no rows: they are recorded, and read again where the schedule says so, once they have settled and no more often",
    async () => {
      let recorded = 0;
      let restated = 0;
      await fc.assert(
        fc.asyncProperty(lateStories, async (story) => {
          const ending = await playedLate(story, await inMemory());
          expect(brokenLaws(story, ending)).toEqual([]);
          recorded += ending.late.length;
          restated += ending.jobs.filter(({ kind }) => kind === "BACKFILL").length;
        }),
        { numRuns: COUNT, seed: SEED },
      );
      expect(recorded).toBeGreaterThan(5 * COUNT);
      expect(restated).toBeGreaterThan(COUNT);
    },
    LIMIT_MS,
  );
});
