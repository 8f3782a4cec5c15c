import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const KEY = "019b76da8800a1b2c3d4e5f60718293a";

/** The request of the first attempt at the first day of 2026. */
export function aRequest(job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  return {
    groupId: "orders",
    boundaryType: "TIME",
    lowerBound: String(START),
    upperBound: String(START + DAY),
    runId: KEY,
    idempotencyKey: KEY,
    attempt: 1,
    scheduledTime: START + DAY,
    kind: "SCHEDULED",
    mode: "incremental",
    job,
    ...overrides,
  };
}
