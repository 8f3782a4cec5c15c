import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { scheduleOf } from "../stage.js";
import { doubled, outdated } from "./ledger-laws.js";
import { played } from "./stage.js";
import { interruptedStories } from "./story.js";

// TIDEGATE_DEPENDENCIES=10000 TIDEGATE_SEED=7 plays ten thousand, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_DEPENDENCIES ?? 12);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_261_130);

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 5_000);

describe("random groups that depend on each other, whatever people and crashes do to them", () => {
  it(
    "begin no run too early, keep none waiting that could run, do nothing twice, and know what is stale",
    async () => {
      let begun = 0;
      await fc.assert(
        fc.asyncProperty(interruptedStories, async (story) => {
          const ending = await played(story);
          const found = {
            broken: ending.broken,
            unsound: ending.unsound,
            doubled: doubled(ending),
            outdated: outdated(story.groups, ending),
          };
          expect(found).toEqual({ broken: [], unsound: [], doubled: [], outdated: [] });
          begun += ending.begun;
        }),
        {
          numRuns: COUNT,
          // Smaller ones are searched for minutes: leave this out when the groups are too many to understand.
          endOnFailure: process.env.TIDEGATE_SHRINK === undefined,
          seed: SEED,
          reporter: ({ failed, counterexample, errorInstance, numRuns }) => {
            if (!failed) return;
            const { groups, acts } = counterexample![0];
            const told = groups.map((group, no) => JSON.stringify(group.reports ?? scheduleOf(group, no)));
            const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
            throw new Error(
              [`story ${numRuns}`, ...told, ...acts.map((act) => JSON.stringify(act)), message].join("\n"),
            );
          },
        },
      );
      expect(begun).toBeGreaterThan(5 * COUNT);
    },
    LIMIT_MS,
  );
});
