import type { JobCall } from "@tidegate/operator-kit";
import type { HttpJob } from "../job/job.js";

/** The longest time that a query about a job may take, whatever its submission may. */
const MAX_QUESTION_MS = 30_000;

/** A run's request and its parsed job. */
export type Call = JobCall<HttpJob>;

export function submissionTimeoutMs({ job }: Call): number {
  return job.requestTimeoutMs ?? (job.completion === "response" ? 600_000 : MAX_QUESTION_MS);
}

export function questionTimeoutMs({ job }: Call): number {
  return Math.min(job.requestTimeoutMs ?? MAX_QUESTION_MS, MAX_QUESTION_MS);
}

export function pollIntervalMs({ job }: Call): number {
  return job.pollIntervalMs ?? (job.completion === "callback" ? 60_000 : 5_000);
}
