import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleOperator, WriteEffect } from "./operator.js";

/** Effect of a job on a target that has rows, as the operator says or, if it does not say, the schedule. */
export interface TargetEffect {
  readonly writes: WriteEffect | undefined;
  /** See `ScheduleOperator.replacesTarget`. */
  readonly replacesTarget: boolean;
}

/** Returns what another full copy does to the rows that a target has. */
export function effectOf(
  { job, resnapshotBy = null }: Pick<ScheduleSpec, "job" | "resnapshotBy">,
  operator: Pick<ScheduleOperator, "replacesTarget" | "writesOf"> | undefined,
): TargetEffect {
  const writes = operator?.writesOf?.(job);
  if (writes === undefined)
    return { writes: resnapshotBy ?? undefined, replacesTarget: resnapshotBy === "replace" };
  return { writes, replacesTarget: writes === "replace" && operator?.replacesTarget?.(job) === true };
}
