import type { JobContext, JsonObject, OfflineJobRequest } from "@tidegate/core";

/** The request of an hourly interval's first attempt. */
export function aRequest(job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  return {
    groupId: "orders",
    boundaryType: "time",
    lowerBoundary: "1767225600000",
    upperBoundary: "1767229200000",
    runId: "019b76da8800a1b2c3d4e5f60718293a",
    idempotencyKey: "019b76da8800a1b2c3d4e5f60718293a",
    attempt: 1,
    scheduledTime: 1_767_229_200_000,
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
