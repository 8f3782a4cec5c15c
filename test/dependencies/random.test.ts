import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { someGroups } from "./generate.js";
import { type ModelGroup, type ModelRun, played } from "./model.js";
import { expectedReach, type ModelReach, prematureRuns } from "./restate-model.js";
import { performed, scheduleOf } from "./stage.js";
import { expectedStaleness } from "./stale-model.js";

// TIDEGATE_DEPENDENCIES=10000 TIDEGATE_SEED=7 plays ten thousand, others than those of each run.
const COUNT = Number(process.env.TIDEGATE_DEPENDENCIES ?? 20);
const SEED = Number(process.env.TIDEGATE_SEED ?? 20_261_129);

/** Half a day, in minutes. */
const UNTIL = 12 * 60;

/** Far longer than it takes. */
const LIMIT_MS = Math.max(600_000, COUNT * 5_000);

/** A backlog is planned only a little ahead, so runs that have not begun are left out. */
const asTexts = (runs: readonly ModelRun[]): string[] =>
  runs
    .filter(({ state }) => state !== "PLANNED")
    .map(
      ({ group, lower, minutes, state, begunAt }) =>
        `group-${group} ${lower} for ${minutes}: ${state}, begun at ${begunAt}`,
    )
    .sort();

const asRanges = ({ minutes, stops }: ModelReach): unknown => ({
  minutes: [...minutes]
    .map(([group, all]) => `group-${group}: ${[...all].sort((a, b) => a - b).join(" ")}`)
    .sort(),
  stops: [...stops].sort((a, b) => a - b),
});

/** A restatement of one of the groups, by numbers. */
const aRestatement = fc.record({
  pick: fc.integer({ min: 0, max: 11 }),
  from: fc.integer({ min: 100, max: 600 }),
  length: fc.integer({ min: 1, max: 200 }),
});

function described(groups: readonly ModelGroup[]): string {
  return groups.map((group, no) => JSON.stringify(group.reports ?? scheduleOf(group, no))).join("\n");
}

describe("random groups that depend on each other", () => {
  it(
    "begin each run at the very minute at which brute force does, or not at all, are made again as far as it says, and as stale",
    async () => {
      let begun = 0;
      let held = 0;
      let stale = 0;
      let current = 0;
      let repeated = 0;
      let restated = 0;
      const isAsPlayed = fc.asyncProperty(
        someGroups,
        aRestatement,
        async (groups, { pick, from, length }) => {
          const expected = played(groups, UNTIL);
          begun += expected.filter(({ begunAt }) => begunAt !== null).length;
          held += expected.filter(
            ({ begunAt, group, lower }) => begunAt !== lower + groups[group]!.period,
          ).length;
          const restatement = { group: pick % groups.length, from, to: from + length };
          const { runs, reach, ends, restatedAt, ledger } = await performed(groups, UNTIL, restatement);
          expect(asTexts(runs)).toEqual(asTexts(expected));
          expect(asRanges(reach)).toEqual(asRanges(expectedReach(groups, restatement, ends)));
          expect(prematureRuns(ledger, restatedAt)).toEqual([]);
          const judged = expectedStaleness(groups, ledger).filter(({ isStale }) => isStale !== undefined);
          expect(judged.filter(({ run, isStale }) => (run.staleAt !== null) !== isStale)).toEqual([]);
          stale += judged.filter(({ isStale }) => isStale).length;
          current += judged.filter(({ run, isStale }) => !isStale && run.inputs.length > 0).length;
          restated += ledger.filter(({ backfillId }) => backfillId?.startsWith("restate-") === true).length;
          repeated += ledger.filter(({ kind, state }) => kind === "BACKFILL" && state === "SUCCEEDED").length;
        },
      );
      await fc.assert(isAsPlayed, {
        numRuns: COUNT,
        // Smaller ones are searched for minutes: leave this out when the groups are too many to understand.
        endOnFailure: true,
        seed: SEED,
        reporter: ({ failed, counterexample, errorInstance }) => {
          if (!failed) return;
          const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
          const differences = message.split("\n").filter((line) => !/^ {4,}"/.test(line));
          throw new Error(
            [described(counterexample![0]), JSON.stringify(counterexample![1]), ...differences].join("\n"),
          );
        },
      });
      expect(begun).toBeGreaterThan(20 * COUNT);
      expect(held).toBeGreaterThan(10 * COUNT);
      expect(repeated).toBeGreaterThan(10 * COUNT);
      expect(restated).toBeGreaterThan(5 * COUNT);
      expect(stale).toBeGreaterThan(COUNT);
      expect(current).toBeGreaterThan(COUNT);
    },
    LIMIT_MS,
  );
});
