import { randomBytes } from "node:crypto";
import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { aRequest as aFirstRequest, START } from "@tidegate/testkit";

export { untroubled } from "@tidegate/testkit";

export const HOUR = 3_600_000;
export const MIDNIGHT = START;

/** The request of the first attempt at an hour, with a key of its own: the tests of a file share a cluster. */
export function aRequest(job: JsonObject, overrides: Partial<OfflineJobRequest> = {}): OfflineJobRequest {
  const runId = randomBytes(16).toString("hex");
  return aFirstRequest(job, { groupId: "readings", runId, idempotencyKey: runId, ...overrides });
}
