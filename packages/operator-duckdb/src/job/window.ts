import type { Interval } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { timeBoundsOf } from "@tidegate/operator-kit";

/** The interval that a run reads, and whether its result replaces the whole target or one interval of it. */
export interface Window extends Interval {
  readonly isFull: boolean;
}

/**
 * Returns the window of a request.
 *
 * @throws OperatorError JOB_INVALID for bounds that are not times
 */
export function windowOf(request: OfflineJobRequest): Window {
  return { ...timeBoundsOf(request), isFull: request.mode === "full" };
}
