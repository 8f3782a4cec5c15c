import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { contains, toSet } from "../interval/interval-set.js";
import { isUncovered } from "../run/covering.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { copiedTime } from "../store/missing-time.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { RunLedger } from "../store/run-ledger.js";
import type { IntervalFacts } from "./judge.js";

/** A full copy that has succeeded: it has the rows of all runs before its end that have ended. */
export type Copy = Pick<Run, "upper" | "endedAt">;

/** Returns the newest full copy of a group, if any of its runs has ended without success. */
export async function copyBehind(
  store: Pick<RunLedger, "listRuns">,
  groupId: string,
  runs: readonly Run[],
): Promise<Copy | undefined> {
  return runs.some(isVoid) ? newestCopy(store, groupId) : undefined;
}

/**
 * Returns what a group's runs say about one of its intervals. Pure.
 *
 * @param runs - all that overlap it, superseded ones included; others are ignored
 * @param isBlocked - whether a failed run blocks the lane
 * @param copy - the group's newest full copy
 */
export function factsOf(
  interval: Interval,
  runs: readonly Run[],
  isBlocked: boolean,
  copy?: Copy,
): IntervalFacts {
  const own = runs.filter(({ lower, upper }) => lower < interval.upper && upper > interval.lower);
  const metAt = coveredAt(interval, own, copy);
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

/** Returns whether a run has ended, and not with success. */
function isVoid({ state }: Run): boolean {
  return isEnded(state) && state !== "SUCCEEDED";
}

/**
 * Returns when successful runs, superseded ones included, had covered all of an interval, epoch ms. A full copy covers
 * what runs before its end have left.
 */
function coveredAt(interval: Interval, runs: readonly Run[], copy: Copy | undefined): EpochMs | undefined {
  const succeeded = runs
    .filter(({ state }) => state === "SUCCEEDED")
    .map(({ lower, upper, endedAt }) => ({ lower, upper, endedAt: endedAt ?? 0 }));
  const left = runs.filter((run) => isVoid(run) && !run.isSuperseded);
  const copied =
    copy === undefined
      ? []
      : copiedTime(left, copy.upper).map((time) => ({ ...time, endedAt: copy.endedAt ?? 0 }));
  const covering: Interval[] = [];
  for (const run of [...succeeded, ...copied].sort((a, b) => a.endedAt - b.endedAt)) {
    covering.push(run);
    if (contains(toSet(covering), interval)) return run.endedAt;
  }
  return undefined;
}
