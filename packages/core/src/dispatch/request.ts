import { BEGINNING, type Boundaries, timeBoundaries } from "../interval/boundaries.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { ReadMode } from "../job/schedule-mode.js";
import { offsetText } from "../offset/offset-vector.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";

/**
 * Returns the operator's request for an attempt of a run. In mode `full`, and for a snapshot, it reads everything up to
 * the interval's end.
 */
export function jobRequest(run: Run, spec: ScheduleSpec): OfflineJobRequest {
  const mode = readModeOf(run, spec);
  return {
    groupId: run.groupId,
    ...boundariesOf(run, mode),
    runId: run.id,
    idempotencyKey: run.id,
    attempt: run.attempt,
    scheduledTime: run.scheduledTime,
    kind: run.kind,
    mode,
    job: spec.job,
  };
}

/** Returns whether a run reads everything up to its upper bound, or its interval. */
export function readModeOf(
  { snapshot }: Pick<Run, "snapshot">,
  { mode }: Pick<ScheduleSpec, "mode">,
): ReadMode {
  return mode === "full" || snapshot !== null ? "full" : "incremental";
}

function boundariesOf(
  { lower, upper, offsets }: Run,
  mode: ReadMode,
): Boundaries & Pick<OfflineJobRequest, "sourceIncarnation" | "interval"> {
  const isFull = mode === "full";
  if (offsets === null) return timeBoundaries({ lower: isFull ? BEGINNING : lower, upper });
  return {
    boundaryType: "OFFSET",
    lowerBound: isFull ? BEGINNING : offsetText(offsets.lower),
    upperBound: offsetText(offsets.upper),
    sourceIncarnation: offsets.incarnation,
    interval: { lower, upper },
  };
}
