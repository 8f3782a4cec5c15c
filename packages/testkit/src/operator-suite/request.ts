import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { MINUTE, START } from "../builders.js";

const HOUR = 60 * MINUTE;
const ID = "019b76da8800a1b2c3d4e5f60718293a";

/**
 * Returns the request of the first attempt at the hour from `START` on. Its id and key are the same at each
 * call: tests that share a memory of keys must each choose their own.
 */
export function aRequest(job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  return {
    groupId: "orders",
    boundaryType: "TIME",
    lowerBound: String(START),
    upperBound: String(START + HOUR),
    runId: ID,
    idempotencyKey: ID,
    attempt: 1,
    scheduledTime: START + HOUR,
    kind: "SCHEDULED",
    mode: "incremental",
    job,
    ...overrides,
  };
}
