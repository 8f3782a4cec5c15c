import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { someGroups } from "./generate.js";
import { type ModelGroup, type ModelRun, played } from "./model.js";
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
    .map(({ group, lower, state, begunAt }) => `group-${group} ${lower}: ${state}, begun at ${begunAt}`)
    .sort();

function described(groups: readonly ModelGroup[]): string {
  return groups.map((group, no) => JSON.stringify(group.reports ?? scheduleOf(group, no))).join("\n");
}

describe("random groups that depend on each other", () => {
  it(
    "begin each run at the very minute at which brute force does, or not at all, and are as stale as it says",
    async () => {
      let begun = 0;
      let held = 0;
      let stale = 0;
      let current = 0;
      let repeated = 0;
      const isAsPlayed = fc.asyncProperty(someGroups, async (groups) => {
        const expected = played(groups, UNTIL);
        begun += expected.filter(({ begunAt }) => begunAt !== null).length;
        held += expected.filter(
          ({ begunAt, group, lower }) => begunAt !== lower + groups[group]!.period,
        ).length;
        const { runs, ledger } = await performed(groups, UNTIL);
        expect(asTexts(runs)).toEqual(asTexts(expected));
        const judged = expectedStaleness(groups, ledger).filter(({ isStale }) => isStale !== undefined);
        expect(judged.filter(({ run, isStale }) => (run.staleAt !== null) !== isStale)).toEqual([]);
        stale += judged.filter(({ isStale }) => isStale).length;
        current += judged.filter(({ run, isStale }) => !isStale && run.inputs.length > 0).length;
        repeated += ledger.filter(({ kind, state }) => kind === "BACKFILL" && state === "SUCCEEDED").length;
      });
      await fc.assert(isAsPlayed, {
        numRuns: COUNT,
        seed: SEED,
        reporter: ({ failed, counterexample, errorInstance }) => {
          if (!failed) return;
          const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
          throw new Error(`${described(counterexample![0])}\n${message}`);
        },
      });
      expect(begun).toBeGreaterThan(20 * COUNT);
      expect(held).toBeGreaterThan(10 * COUNT);
      expect(repeated).toBeGreaterThan(10 * COUNT);
      expect(stale).toBeGreaterThan(COUNT);
      expect(current).toBeGreaterThan(COUNT);
    },
    LIMIT_MS,
  );
});
