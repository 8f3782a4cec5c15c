import { BEGINNING, timeBoundaries } from "../interval/boundaries.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/**
 * Returns the operator's request for an attempt of a run. In mode `full` it reads everything up to the
 * interval's end.
 */
export function jobRequest(run: Run, spec: ScheduleSpec): OfflineJobRequest {
  return {
    groupId: run.groupId,
    ...timeBoundaries({ lower: spec.mode === "full" ? BEGINNING : run.lower, upper: run.upper }),
    runId: run.id,
    idempotencyKey: run.id,
    attempt: run.attempt,
    scheduledTime: run.scheduledTime,
    kind: run.kind,
    mode: spec.mode,
    job: spec.job,
  };
}
