import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { inMemory } from "../places.js";
import { brokenLaws } from "./laws.js";
import { playedReady } from "./stage.js";
import { INTERVALS, type ReadyStory, readyStories } from "./story.js";

// TIDEGATE_HISTORIES=100000 TIDEGATE_SEED=7 plays a twentieth of so many, others than those of each run.
const COUNT = Math.ceil(Number(process.env.TIDEGATE_HISTORIES ?? 1_000) / 20);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_260_327);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 4_000);

describe("random stories of sources that runs wait for", () => {
  it(
    "begin each run once its source says that it is complete, however late, changing or broken the answers are",
    async () => {
      const heard = { yes: 0, no: 0, nothing: 0 };
      let broken = 0;
      await fc.assert(
        fc.asyncProperty(readyStories, async (story) => {
          const ending = await playedReady(story, await inMemory());
          expect(brokenLaws(story, ending)).toEqual([]);
          for (const { answer } of ending.heard)
            heard[answer === undefined ? "nothing" : answer.isReady ? "yes" : "no"] += 1;
          broken += ending.troubles.length;
        }),
        { numRuns: COUNT, seed: SEED },
      );
      expect(Math.min(heard.yes, heard.no, heard.nothing)).toBeGreaterThan(3 * COUNT);
      expect(broken).toBeGreaterThan(COUNT);
    },
    LIMIT_MS,
  );
});

describe("a story that once went wrong", () => {
  it("is of a source that takes so long that its answers were too old for whoever came for them", async () => {
    for (const takes of [13_751, 22_000, 29_000]) {
      const story: ReadyStory = {
        overlap: "queue",
        hasWatermark: false,
        completeAfter: Array.from({ length: INTERVALS }, () => 0),
        relapses: [],
        answers: [{ takes, is: "truth", retryAfter: 0 }],
        lasts: [0],
        steps: [],
      };
      expect(brokenLaws(story, await playedReady(story, await inMemory()))).toEqual([]);
    }
  });
});
