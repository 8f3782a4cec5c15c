import { LAST_INSTANT } from "../clock/clock.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { effectOf } from "../operator/target-effect.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run } from "../run/run.js";
import { laneWidth } from "../schedule/normalize.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Most runs that are read to find one that has written: those without a job need no copy. */
const MOST_READ = 100;

/**
 * Returns whether a run has to be compared with later ones before its job is submitted: it would put everything up to its own
 * time in the place of the whole target, and its turn may come after theirs. Pure.
 */
export function mayOverwriteLater(
  { attempt, generation, history, kind }: Pick<Run, "attempt" | "generation" | "history" | "kind">,
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "replacesTarget" | "writesOf">,
): boolean {
  if (!mayReplaceLater(spec, operator)) return false;
  const isLate = kind !== "SCHEDULED" || generation > 0 || attempt > 1 || history.length > 0;
  const isBeside = spec.canOvertake || laneWidth(spec) > 1;
  return isLate || isBeside;
}

/** Returns whether each run of a schedule puts everything up to its own time in the place of the whole target. Pure. */
export function mayReplaceLater(
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "replacesTarget" | "writesOf">,
): boolean {
  return spec.mode === "full" && effectOf(spec, operator).replacesTarget;
}

/** Returns whether a later run of the group has copied everything already, which the target has now. */
export async function hasLaterCopy(
  store: Pick<ScheduleStore, "listRuns">,
  specs: Pick<SpecCache, "get">,
  { groupId, upper }: Pick<Run, "groupId" | "upper">,
): Promise<boolean> {
  const later = {
    groupId,
    states: ["SUCCEEDED"],
    within: { lower: upper, upper: LAST_INSTANT },
    includeSuperseded: false,
    order: "descending",
  } as const;
  const { items } = await store.listRuns(later, { limit: MOST_READ });
  const copy = items.find((run) => run.attempt > 0 && run.upper > upper);
  return copy !== undefined && (await specs.get(copy))?.mode === "full";
}
