import { type Clock, OperatorError } from "@tidegate/core";
import { causeIn } from "../rest/cause.js";
import { NoAnswer, Refused } from "../rest/http.js";
import type { JobManager } from "../rest/job-manager.js";
import { isGone } from "../rest/sql-gateway.js";
import { pause } from "./pause.js";

/** How often a submission is made before its outcome is left open. */
const MAX_TRIES = 4;

const FIRST_PAUSE_MS = 250;

/** Of Flink 2.3 and of the versions before it. */
const DUPLICATE = /Duplicate(?:Application|Job)SubmissionException/;

/** What no other attempt can make good. */
const MISTAKES =
  /\b(?:ValidationException|SqlParserException|SqlParseException|ParseException|ClassNotFoundException|ZipException)\b|Neither a 'Main-Class'|Only Jar files/;

interface Parts {
  readonly jobManager: JobManager;
  readonly clock: Clock;
  /** Of the job's kind, for errors: `job.sql`. */
  readonly field: string;
}

/**
 * Submits a job under an id that Flink takes once. So a submission whose answer was lost is simply made again: either
 * Flink takes it now, or it refuses it as a duplicate of ours.
 *
 * @throws OperatorError JOB_INVALID or JOB_FAILED when the job was certainly not taken
 * @throws Error when that is not known
 */
export async function submitOnce(jobId: string, send: () => Promise<void>, parts: Parts): Promise<void> {
  let mayBeTaken = false;
  for (let tries = 1; ; tries += 1) {
    try {
      await send();
      return;
    } catch (error) {
      if (error instanceof Refused && DUPLICATE.test(error.trace)) return;
      if (!(error instanceof Refused) && !(error instanceof NoAnswer)) throw error;
      mayBeTaken ||= isOpen(error);
      const isKnown = await knows(parts.jobManager, jobId);
      if (isKnown === true) return;
      if (error instanceof Refused && !isGone(error) && isKnown === false) throw refusal(error, parts.field);
      if (tries === MAX_TRIES) throw mayBeTaken ? unclear(jobId, error) : unreachable(error);
      await pause(parts.clock, FIRST_PAUSE_MS * 2 ** tries);
    }
  }
}

/** A refusal of Flink in Tidegate's words. */
export function refusal(error: Refused, field: string): OperatorError {
  const cause = causeIn(error.trace) ?? `Flink answered ${error.status} without a reason`;
  const code = MISTAKES.test(error.trace) ? "JOB_INVALID" : "JOB_FAILED";
  return new OperatorError(code, `${field}: ${cause}`, { field });
}

/** Flink did not answer, and nothing was under way. */
export function unreachable(error: Error): OperatorError {
  return new OperatorError("JOB_FAILED", `Flink took no job: ${error.message}.`, { cause: error });
}

function isOpen(error: NoAnswer | Refused): boolean {
  return error instanceof NoAnswer ? error.isSent : isGone(error);
}

async function knows(jobManager: JobManager, jobId: string): Promise<boolean | undefined> {
  try {
    return (await jobManager.result(jobId)) !== undefined;
  } catch {
    return undefined;
  }
}

function unclear(jobId: string, cause: Error): Error {
  return new Error(`Whether Flink took job ${jobId} is not known: ${cause.message}.`, { cause });
}
