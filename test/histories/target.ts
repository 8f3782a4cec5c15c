import type { Run } from "@tidegate/core";
import { demand, iso, isRepeated } from "./evidence.js";
import type { Stage } from "./stage.js";

/**
 * Holds of the rows in the target: a copy takes the place of all that was there, and an increment adds the rows of its interval.
 *
 * @param doesReplace - whether it replaces them instead: time that was given up before a full copy is run again by increments
 */
export function holdOfTarget(
  range: { lower: number; upper: number },
  runs: readonly Run[],
  givenUp: readonly Run[],
  { cluster, intents }: Stage,
  doesReplace: boolean,
): void {
  const jobs = cluster.succeeded.filter(({ jobId }) => jobId.startsWith(`${cluster.epoch}/`));
  const bounds = jobs.map(({ request: { lowerBound, mode, upperBound } }) => ({
    isCopy: mode === "full",
    lower: mode === "full" ? Number.NEGATIVE_INFINITY : Number(lowerBound),
    upper: Number(upperBound),
  }));
  const cuts = [
    range.lower,
    range.upper,
    ...bounds.flatMap(({ lower, upper }) => [lower, upper]),
    ...runs.flatMap(({ lower, upper }) => [lower, upper]),
  ];
  const instants = [...new Set(cuts)]
    .filter((at) => at >= range.lower && at < range.upper)
    .sort((a, b) => a - b);
  const touches =
    (at: number) =>
    ({ lower, upper }: { lower: number; upper: number }) =>
      lower <= at && at < upper;
  for (const at of instants) {
    let count = 0;
    for (const job of bounds)
      count = touches(at)(job) ? (job.isCopy || doesReplace ? 1 : count + 1) : job.isCopy ? 0 : count;
    const isAgain = runs.some((run) => isRepeated(run, intents) && touches(at)(run));
    const mayMiss = givenUp.some(touches(at));
    demand(count > 0 || mayMiss, "no-loss", () => `the target has no rows of ${iso(at)}`);
    demand(
      count < 2 || isAgain,
      "exactly-once",
      () => `the target has the rows of ${iso(at)} ${count} times`,
    );
  }
}
