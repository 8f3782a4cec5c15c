import type { HttpJob } from "./job.js";
import { hasPlaceholder } from "./url-template.js";

/** Returns warnings about a valid job, in plain sentences that name the field. */
export function notesOf({ completion, statusUrl, findUrl }: HttpJob): string[] {
  const isFoundByStatus = statusUrl !== undefined && !hasPlaceholder(statusUrl, "jobId");
  const notes: string[] = [];
  if (findUrl === undefined && !isFoundByStatus) {
    notes.push(
      "job.findUrl: without it the job cannot be looked up, so a submission whose answer is lost is repeated with the same " +
        "Idempotency-Key. A service that ignores this header does the job twice.",
    );
  }
  if (completion === "callback" && statusUrl === undefined && findUrl === undefined) {
    notes.push(
      "job.statusUrl: without it a job whose callback is lost counts as running until the schedule's timeoutMs.",
    );
  }
  return notes;
}
