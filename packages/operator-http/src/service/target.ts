import { invalidJob } from "../job/parse-job.js";
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
 * Where a job's state is asked: at the address that the job gives, else at the one that the service gave, else where the
 * job is looked up by its key. `undefined` when there is none of them.
 */
export function statusTarget(call: Call, handle: JobHandle): Target | undefined {
  if (call.job.statusUrl !== undefined) return filled(call, "job.statusUrl", call.job.statusUrl, handle.id);
  const url = handle.statusUrl === undefined ? undefined : statusUrlOf(call, handle.statusUrl);
  return url === undefined ? findTarget(call) : { field: "statusUrl", url };
}

/** Where a job is looked up by its key, or `undefined` when that cannot be done. */
export function findTarget(call: Call): Target | undefined {
  const { findUrl, statusUrl } = call.job;
  if (findUrl !== undefined) return filled(call, "job.findUrl", findUrl);
  if (statusUrl === undefined || hasPlaceholder(statusUrl, "jobId")) return undefined;
  return filled(call, "job.statusUrl", statusUrl);
}

/** Where a job is stopped, or `undefined` when it cannot be. */
export function cancelTarget(call: Call, handle: JobHandle): Target | undefined {
  const { cancelUrl } = call.job;
  return cancelUrl === undefined ? undefined : filled(call, "job.cancelUrl", cancelUrl, handle.id);
}

/**
 * The status address that a service chose, or `undefined` where it may not be asked: it must be at the origin of
 * `job.url`, since an answer may not send the job's credentials elsewhere.
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
