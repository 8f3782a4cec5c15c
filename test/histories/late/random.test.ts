import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { inMemory } from "../places.js";
import { brokenLaws } from "./laws.js";
import { playedLate } from "./stage.js";
import { type LateJob, lateStories } from "./story.js";

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

describe("a story that once went wrong", () => {
  it("is of a manager that died after it had begun a backfill, of which one run had begun, before it could say so", async () => {
    const job: LateJob = { lasts: 0, fails: false, facts: [], own: [] };
    const arrivals = [{ ...job, lasts: 22 }, { ...job, facts: [4, 3] }, { ...job, lasts: 1 }, job, job];
    const story = {
      onLate: "restate",
      settle: 1,
      arrivals,
      facts: [job],
      steps: [{ at: 132, do: "crash", writes: 4, isWritten: false }],
    } as const;
    expect(brokenLaws(story, await playedLate(story, await inMemory()))).toEqual([]);
  });
});
