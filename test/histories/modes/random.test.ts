import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { inMemory } from "../places.js";
import { brokenLaws } from "./laws.js";
import { playedModes } from "./stage.js";
import { modeStories } from "./story.js";

// TIDEGATE_HISTORIES=100000 TIDEGATE_SEED=7 plays a fifth of so many, others than those of each run.
const COUNT = Math.ceil(Number(process.env.TIDEGATE_HISTORIES ?? 1_000) / 5);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_260_327);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 4_000);

describe("random stories of a group whose mode changes", () => {
  it(
    "have each row of the source in the target once, by time and by positions, whatever copies and increments follow each other",
    async () => {
      let copies = 0;
      let increments = 0;
      await fc.assert(
        fc.asyncProperty(modeStories, async (story) => {
          const ending = await playedModes(story, await inMemory());
          expect(brokenLaws(story, ending)).toEqual([]);
          for (const { request } of ending.warehouse.works)
            if (request.mode === "full") copies += 1;
            else increments += 1;
        }),
        { numRuns: COUNT, seed: SEED },
      );
      expect(Math.min(copies, increments)).toBeGreaterThan(3 * COUNT);
    },
    LIMIT_MS,
  );
});
