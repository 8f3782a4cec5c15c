import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { type CoveringDecision, decideCovering } from "./cover-again.js";
import { MAX_RUNS_PER_PLAN, type PlanDecision, type PlanInput, RECHECK_MS } from "./plan-decision.js";
import { hasSnapshots, neededSnapshot } from "./plan-snapshot.js";
import type { PlanWork } from "./plan-work.js";
import type { CachedSchedule } from "./schedule-cache.js";

/**
 * The next step for a group: commit a decision; nothing, since the store already reflects it; nothing,
 * since the schedule does not plan; or read the store again, since the decision must not rest on what is
 * cached.
 */
export type NextStep =
  | { readonly do: "commit" | "nothing"; readonly decision: CoveringDecision }
  | { readonly do: "give-up" | "read" };

/**
 * Decides the next step of a group. Pure.
 *
 * @param recheckMs - when to check again if planning waits for runs to end, ms
 * @param ahead - how many runs may be planned ahead
 */
export function nextStep(
  work: PlanWork,
  cached: CachedSchedule,
  now: EpochMs,
  recheckMs = RECHECK_MS,
  ahead: Pick<PlanInput, "ahead" | "aheadIfBehind"> = {},
): NextStep {
  const { schedule, grid, openRuns, uncovered } = cached;
  const isWhilePaused = work.cause === "while-paused";
  const mayPlan = isWhilePaused ? schedule.status === "PAUSED" : SCHEDULE_STATUSES[schedule.status].plans;
  if (!mayPlan) return { do: "give-up" };
  if (work.mayBeUncovered && !cached.isUncoveredRead) return { do: "read" };
  const input = {
    spec: schedule.spec,
    grid,
    watermark: schedule.watermark,
    now,
    openRuns: isWhilePaused ? 0 : openRuns,
    blockingRuns: isWhilePaused ? 0 : schedule.blockingRuns,
    nextFireAt: schedule.nextFireAt,
    recheckMs,
    ahead: ahead.ahead,
    aheadIfBehind: ahead.aheadIfBehind,
    snapshot: neededSnapshot(schedule, cached.hasCopy, work.snapshot),
    awaitsSnapshot: cached.awaitsSnapshot,
    isSnapshotHeld: cached.isSnapshotHeld,
    copy: cached.copy,
    drains: work.reads === "all",
    room: isWhilePaused ? MAX_RUNS_PER_PLAN : undefined,
  };
  const decision = withoutPlannedEmpty(decideCovering(input, uncovered), work.isEmptyPlanned);
  if (isWhilePaused)
    return decision.outcome === "planned" ? { do: "commit", decision } : { do: "nothing", decision };
  if (!cached.isFresh && !isPlain(schedule, decision)) return { do: "read" };
  if (changesNothing(schedule, decision, now + recheckMs / 2))
    return { do: "nothing", decision: { ...decision, nextFireAt: schedule.nextFireAt } };
  return { do: "commit", decision };
}

/**
 * Leaves the last, empty interval out if it is in the ledger already: it leaves the watermark where it is, so
 * only its run shows that it was planned.
 */
function withoutPlannedEmpty(decision: CoveringDecision, isPlanned: boolean): CoveringDecision {
  if (!isPlanned) return decision;
  const runs = decision.runs.filter((run) => !isEmpty(run));
  if (runs.length === decision.runs.length) return decision;
  return { ...decision, outcome: runs.length > 0 ? "planned" : "nothing", runs, nextFireAt: null };
}

/**
 * Returns whether the decision can be trusted although the lane's count and the version may be stale. The
 * commit checks the version, and the count only bounds how far a backlog is planned ahead; a full lane is
 * verified in the store. Increments depend on snapshots as well, which another manager may have planned, or a person
 * retried.
 */
function isPlain({ spec }: Schedule, decision: PlanDecision): boolean {
  if (hasSnapshots(spec)) return false;
  const ignoresLane = spec.overlap === "queue" || spec.overlap === "allow";
  if (!ignoresLane || decision.outcome !== "planned" || decision.hasMore) return false;
  return decision.runs.length === 1 || (spec.catchup === "each" && decision.waits);
}

/**
 * Returns whether the store already reflects the decision: nothing is owed, or a recheck not before
 * `earliest` is already recorded.
 */
function changesNothing({ nextFireAt }: Schedule, decision: PlanDecision, earliest: EpochMs): boolean {
  if (decision.outcome === "nothing") return decision.nextFireAt === nextFireAt;
  const isNoted = nextFireAt !== null && nextFireAt > earliest;
  return decision.outcome === "deferred" && !decision.cancelsActive && isNoted;
}

/** Returns whether an interval is the empty one with which an inclusive end closes. */
export function isEmpty({ lower, upper }: Interval): boolean {
  return lower === upper;
}
