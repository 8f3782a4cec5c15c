import type { JsonObject } from "./json.js";
import type { RunKind } from "./run-kind.js";
import type { ScheduleMode } from "./schedule-mode.js";

/**
 * The request that an operator gets for one run. The first four fields are InLong's wire format
 * (`submitOfflineJob`), names and string bounds included; the rest is Tidegate's, and all of it is JSON.
 */
export interface OfflineJobRequest {
  readonly groupId: string;
  /** `time` or `offset`, in InLong's spelling. */
  readonly boundaryType: "time" | "offset";
  /** Inclusive lower bound: epoch ms in decimal for `time`. */
  readonly lowerBoundary: string;
  /** Exclusive upper bound: epoch ms in decimal for `time`. */
  readonly upperBoundary: string;
  /** The run's id: the same for every attempt. */
  readonly runId: string;
  /** Key by which a second submission of the same run is recognized: the same for every attempt. */
  readonly idempotencyKey: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The nominal fire time, epoch ms; never the wall clock. */
  readonly scheduledTime: number;
  readonly kind: RunKind;
  readonly mode: ScheduleMode;
  /** The schedule's description of the work, as registered; the operator defines its shape. */
  readonly job: JsonObject;
}
