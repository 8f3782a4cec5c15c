import type { EpochMs, JsonObject } from "@tidegate/core";

/** An option in a job's `env` that SeaTunnel ignores, but repeats in its list of running jobs. */
const OPTION = "tidegate.submitted-at";

/**
 * Returns a configuration that records its submission time. The list's own `createTime` cannot be compared
 * with a clock: it is the local time of the cluster's machine, whose zone is not reported.
 */
export function withSubmissionTime(config: JsonObject, submittedAt: EpochMs): JsonObject {
  return { ...config, env: { ...(config.env as JsonObject), [OPTION]: String(submittedAt) } };
}

/**
 * Returns when the job with this `env` was submitted, by the clock of the manager that did; `undefined` if it
 * does not say.
 */
export function submissionTimeIn(env: unknown): EpochMs | undefined {
  if (typeof env !== "object" || env === null) return undefined;
  const told = Number((env as Readonly<Record<string, unknown>>)[OPTION] ?? Number.NaN);
  return Number.isSafeInteger(told) ? told : undefined;
}
