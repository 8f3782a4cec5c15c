import { randomBytes } from "node:crypto";
import type { JobContext, JsonObject, OfflineJobRequest } from "@tidegate/core";

export const HOUR = 3_600_000;
export const MIDNIGHT = Date.UTC(2026, 0, 1);

/** The request of the first attempt at an hour, with a key of its own. */
export function aRequest(job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  const runId = randomBytes(16).toString("hex");
  return {
    groupId: "readings",
    boundaryType: "time",
    lowerBoundary: String(MIDNIGHT),
    upperBoundary: String(MIDNIGHT + HOUR),
    runId,
    idempotencyKey: runId,
    attempt: 1,
    scheduledTime: MIDNIGHT + HOUR,
    kind: "SCHEDULED",
    mode: "incremental",
    job,
    ...overrides,
  };
}

/** The context of an attempt that nobody aborts. */
export function untroubled(): JobContext {
  return { signal: new AbortController().signal };
}
