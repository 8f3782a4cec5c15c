import type { NewRun } from "@tidegate/core/store";

/** The fields of a run that differ between the runs of a benchmark. */
type Given = "id" | "groupId" | "lower" | "upper" | "scheduleVersion" | "operator" | "plannedAt";

/** Returns a run for a benchmark that writes to a store directly: a scheduled one of a single interval, unless it says otherwise. */
export function newRun(run: Pick<NewRun, Given> & Partial<NewRun>): NewRun {
  return {
    kind: "SCHEDULED",
    generation: 0,
    intervals: 1,
    scheduledTime: run.upper,
    state: "PLANNED",
    reason: null,
    backfillId: null,
    ...run,
  };
}
