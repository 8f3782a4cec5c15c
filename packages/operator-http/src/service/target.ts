import { invalidJob } from "@tidegate/operator-kit";
import { fillTemplate, hasPlaceholder, type Placeholder } from "../job/url-template.js";
import type { Call } from "./call.js";
import type { JobHandle } from "./job-handle.js";

/** An address and the field that it comes from. */
export interface Target {
  readonly field: string;
  readonly url: URL;
}

export function submissionTarget({ job }: Call): Target {
  return { field: "job.url", url: new URL(job.url) };
}

/**
 * Returns where to query a job's state: the address that the job gives, else the one that the service gave,
 * else the one that looks up the job by its key. `undefined` if there is none.
 */
export function statusTarget(call: Call, handle: JobHandle): Target | undefined {
  if (call.job.statusUrl !== undefined) return filled(call, "job.statusUrl", call.job.statusUrl, handle.id);
  const url = handle.statusUrl === undefined ? undefined : statusUrlOf(call, handle.statusUrl);
  return url === undefined ? findTarget(call) : { field: "statusUrl", url };
}

/** Returns where to look up a job by its key, or `undefined` if it cannot be looked up. */
export function findTarget(call: Call): Target | undefined {
  const { findUrl, statusUrl } = call.job;
  if (findUrl !== undefined) return filled(call, "job.findUrl", findUrl);
  if (statusUrl === undefined || hasPlaceholder(statusUrl, "jobId")) return undefined;
  return filled(call, "job.statusUrl", statusUrl);
}

/** Returns where to stop a job, or `undefined` if it cannot be stopped. */
export function cancelTarget(call: Call, handle: JobHandle): Target | undefined {
  const { cancelUrl } = call.job;
  return cancelUrl === undefined ? undefined : filled(call, "job.cancelUrl", cancelUrl, handle.id);
}

/**
 * Returns the status address that a service chose, or `undefined` if it may not be queried: it must be at the
 * origin of `job.url`, since a response may not redirect the job's credentials elsewhere.
 */
export function statusUrlOf({ job }: Call, given: string): URL | undefined {
  const url = URL.canParse(given, job.url) ? new URL(given, job.url) : undefined;
  if (url === undefined || url.origin !== new URL(job.url).origin) return undefined;
  if (url.username !== "" || url.password !== "" || url.href.length > 2_000) return undefined;
  url.hash = "";
  return url;
}

function filled({ request }: Call, field: string, template: string, jobId = ""): Target {
  const { runId, idempotencyKey, groupId } = request;
  const values: Record<Placeholder, string> = { jobId, runId, idempotencyKey, groupId };
  try {
    return { field, url: fillTemplate(template, values) };
  } catch (error) {
    throw invalidJob(field, (error as Error).message);
  }
}
