import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { contains, toSet } from "../interval/interval-set.js";
import { isUncovered } from "../run/covering.js";
import type { Run } from "../run/run.js";
import type { IntervalFacts } from "./judge.js";

/**
 * Returns what a group's runs say about one of its intervals. Pure.
 *
 * @param runs - all that overlap it, superseded ones included; others are ignored
 * @param isBlocked - whether a failed run blocks the lane
 */
export function factsOf(interval: Interval, runs: readonly Run[], isBlocked: boolean): IntervalFacts {
  const own = runs.filter(({ lower, upper }) => lower < interval.upper && upper > interval.lower);
  const metAt = coveredAt(interval, own);
  if (metAt !== undefined) return { metAt };
  const standing = own.filter(({ isSuperseded }) => !isSuperseded);
  const active = standing.filter(({ state }) => state === "SUBMITTING" || state === "RUNNING");
  const startedAt = active.map((run) => run.submittedAt ?? run.plannedAt).sort((a, b) => b - a)[0];
  return { startedAt, trouble: troubleOf(standing, isBlocked && active.length === 0) };
}

function troubleOf(standing: readonly Run[], isBlocked: boolean): IntervalFacts["trouble"] {
  if (standing.some(({ state }) => state === "FAILED")) return "failed";
  if (standing.some(isGivenUp)) return "given-up";
  return isBlocked ? "blocked" : undefined;
}

/** Returns whether a policy or a person has given a run up, so that nothing will cover its interval by itself. */
export function isGivenUp(run: Pick<Run, "state" | "reason" | "isSuperseded">): boolean {
  return run.state === "SKIPPED" || (run.state === "CANCELLED" && !isUncovered(run));
}

/** Returns when successful runs, superseded ones included, had covered all of an interval, epoch ms. */
function coveredAt(interval: Interval, runs: readonly Run[]): EpochMs | undefined {
  const succeeded = runs
    .filter(({ state }) => state === "SUCCEEDED")
    .map(({ lower, upper, endedAt }) => ({ lower, upper, endedAt: endedAt ?? 0 }))
    .sort((a, b) => a.endedAt - b.endedAt);
  const covering: Interval[] = [];
  for (const run of succeeded) {
    covering.push(run);
    if (contains(toSet(covering), interval)) return run.endedAt;
  }
  return undefined;
}
