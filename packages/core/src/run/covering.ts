import type { Interval } from "../interval/boundaries.js";
import { isEnded } from "./lane.js";
import type { CoveredBy, Run, RunReason } from "./run.js";

/** Reasons of cancelled runs whose intervals the next plan covers. */
const COVERED_LATER: ReadonlySet<RunReason | null> = new Set<RunReason>([
  "overlap-cancelled",
  "source-expired",
]);

/**
 * Returns whether a run was cancelled by its overlap policy, or because positions of it were lost, and no later run
 * covers its interval yet. The interval stays the live schedule's own: its next plan covers it.
 */
export function isUncovered({
  state,
  reason,
  isSuperseded,
}: Pick<Run, "state" | "reason" | "isSuperseded">): boolean {
  return state === "CANCELLED" && COVERED_LATER.has(reason) && !isSuperseded;
}

/** Returns whether a run was cancelled before it was submitted, since positions of it were lost while it waited. */
export function hasLostPositions({ state, reason }: Pick<Run, "state" | "reason">): boolean {
  return state === "CANCELLED" && reason === "source-expired";
}

/**
 * Returns whether a run that is not superseded covers its interval. Given up on purpose are intervals that a
 * policy skipped and runs that a person cancelled or had read elsewhere; runs that waited when their group was unregistered only
 * once it is registered again, since until then that may plan them again.
 *
 * @param isRegistered - whether the group has a schedule that can be used
 */
export function covers(
  by: CoveredBy,
  { state, reason }: Pick<Run, "state" | "reason">,
  isRegistered: boolean,
): boolean {
  if (state === "SUCCEEDED") return true;
  if (by === "succeeded") return false;
  if (state !== "CANCELLED") return state === "SKIPPED";
  return reason === "cancelled" || reason === "source-rebased" || (reason === "unregistered" && isRegistered);
}

/**
 * Returns whether a plan may supersede a run: it has ended without success, nothing has superseded it, and
 * the planned runs cover all of its interval.
 *
 * @param planned - intervals that do not overlap each other
 */
export function maySupersede(
  planned: readonly Interval[],
  run: Pick<Run, "lower" | "upper" | "state" | "isSuperseded">,
): boolean {
  return isEnded(run.state) && run.state !== "SUCCEEDED" && !run.isSuperseded && cover(planned, run);
}

function cover(planned: readonly Interval[], { lower, upper }: Interval): boolean {
  const touching = planned.filter((other) => other.lower <= upper && other.upper >= lower);
  const common = touching.map((other) => Math.min(other.upper, upper) - Math.max(other.lower, lower));
  return touching.length > 0 && common.reduce((sum, ms) => sum + ms, 0) === upper - lower;
}
