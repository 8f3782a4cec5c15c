import { LAST_INSTANT } from "../clock/clock.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { effectOf } from "../operator/target-effect.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { readModeOf } from "./request.js";

/** Returns whether each run of a schedule puts everything up to its own time in the place of the whole target. Pure. */
export function mayReplaceLater(
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "replacesTarget" | "writesOf">,
): boolean {
  return isWholeCopy({ snapshot: null }, spec, operator);
}

/** Returns whether a run puts everything up to its own time in the place of the whole target. Pure. */
export function isWholeCopy(
  run: Pick<Run, "snapshot">,
  spec: ScheduleSpec,
  operator: Pick<ScheduleOperator, "replacesTarget" | "writesOf">,
): boolean {
  return readModeOf(run, spec) === "full" && effectOf(spec, operator).replacesTarget;
}

/**
 * Later runs of a group as they stand to an older copy of everything: one has copied everything itself, which the target has
 * now; or there are increments only, which the older copy would remove.
 */
export type LaterRuns = "copy" | "increments";

/**
 * Returns whether a run is an increment that the schedule owes: a later copy may have its rows by now. A re-run on purpose reads
 * them all the same, since there is a reason for it. Pure.
 */
export function isOwedIncrement(run: Pick<Run, "kind" | "snapshot">, spec: ScheduleSpec): boolean {
  return run.kind === "SCHEDULED" && readModeOf(run, spec) !== "full";
}

/** Finds which runs of the group have written behind a run; `undefined` if none has. */
export async function laterRuns(
  store: Pick<ScheduleStore, "listRuns">,
  specs: Pick<SpecCache, "get">,
  { groupId, upper }: Pick<Run, "groupId" | "upper">,
): Promise<LaterRuns | undefined> {
  const later = {
    groupId,
    states: ["SUCCEEDED"],
    within: { lower: upper, upper: LAST_INSTANT },
    includeSuperseded: false,
    order: "descending",
  } as const;
  let found: LaterRuns | undefined;
  for await (const run of eachRun(store, later)) {
    // Those without a job needed no copy.
    const hadJob = run.attempt > 0 || run.jobId !== null;
    if (!hadJob || run.upper <= upper) continue;
    const spec = await specs.get(run);
    if (spec !== undefined && readModeOf(run, spec) === "full") return "copy";
    found = "increments";
  }
  return found;
}
