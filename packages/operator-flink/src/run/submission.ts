import { type Clock, OperatorError, pause, type RetryAdvice } from "@tidegate/core";
import { causeIn, shortened } from "../rest/cause.js";
import { NoAnswer, Refused } from "../rest/http.js";
import type { JobManager } from "../rest/job-manager.js";
import { isGone } from "../rest/sql-gateway.js";

/** How often a submission is made before its outcome is left open. */
const MAX_TRIES = 4;

const FIRST_PAUSE_MS = 250;

/** Then it is not made again, ms: a gateway that looks for its JobManager takes a minute to say so. */
const TRYING_LIMIT_MS = 30_000;

/** Of Flink 2.3, and of 1.20. */
const DUPLICATE = /Duplicate(?:Application|Job)SubmissionException/;

/** What no other attempt can make good. A table that is not there is a TableException to 1.20, as much else is. */
const MISTAKES =
  /\b(?:ValidationException|SqlParserException|SqlParseException|ParseException|ClassNotFoundException|ZipException)\b|\bTableException: Cannot find table|Neither a 'Main-Class'|Only Jar files/;

interface Parts {
  readonly jobManager: JobManager;
  readonly clock: Clock;
  /** Of the job's kind, for errors: `job.sql`. */
  readonly field: string;
  /** Aborted when nobody wants the job any more; one that may have been taken is followed up all the same. */
  readonly signal: AbortSignal;
}

/**
 * Submits a job under an id that Flink takes once. So a submission whose answer was lost is simply made again: either
 * Flink takes it now, or it refuses it as a duplicate of ours.
 *
 * @returns `false` where Flink had a job with the id before
 * @throws OperatorError JOB_INVALID or JOB_FAILED when the job was certainly not taken
 * @throws Error when that is not known
 * @throws the signal's reason
 */
export async function submitOnce(jobId: string, send: () => Promise<void>, parts: Parts): Promise<boolean> {
  const giveUpAt = parts.clock.now() + TRYING_LIMIT_MS;
  let mayBeTaken = false;
  for (let tries = 1; ; tries += 1) {
    try {
      await send();
      return true;
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof NoAnswer)) throw error;
      if (error instanceof Refused && DUPLICATE.test(error.trace)) return tries > 1;
      const isKnown = await knows(parts.jobManager, jobId);
      if (isKnown === true) return true;
      if (error instanceof Refused && isFinal(error, isKnown)) throw refusal(error, parts.field);
      mayBeTaken ||= error instanceof Refused || error.isSent;
      const pauseMs = FIRST_PAUSE_MS * 2 ** tries;
      // A longer wait than the pause is the dispatcher's to keep.
      const isTooSoon = (adviceOf(error).retryAfterMs ?? 0) > pauseMs;
      const isLast = isTooSoon || tries === MAX_TRIES || parts.clock.now() >= giveUpAt;
      if (isLast) throw mayBeTaken ? unclear(jobId, error) : unreachable(error);
      if (!mayBeTaken) parts.signal.throwIfAborted();
      await pause(parts.clock, pauseMs);
    }
  }
}

/** A refusal of Flink in Tidegate's words. */
export function refusal(error: Refused, field: string): OperatorError {
  const code = MISTAKES.test(error.trace) ? "JOB_INVALID" : "JOB_FAILED";
  return new OperatorError(code, `${field}: ${reasonOf(error)}`, { field, ...adviceOf(error) });
}

/** Flink did not answer, and nothing was under way. */
export function unreachable(error: Error): OperatorError {
  return new OperatorError("JOB_FAILED", `Flink took no job: ${reasonOf(error)}.`, {
    cause: error,
    ...adviceOf(error),
  });
}

/** Nobody could watch a job, so none was submitted. */
export function unwatched(error: Error): OperatorError {
  const message = `No job was submitted, since what becomes of it is not known while the JobManager (option url) cannot be asked: ${reasonOf(error)}.`;
  return new OperatorError("JOB_FAILED", message, { cause: error, ...adviceOf(error) });
}

/** A gateway that was restarted has lost a statement, and one that cannot reach the JobManager tells nothing of the job. */
function isFinal(error: Refused, isKnown: boolean | undefined): boolean {
  return MISTAKES.test(error.trace) || (isKnown === false && !isGone(error));
}

async function knows(jobManager: JobManager, jobId: string): Promise<boolean | undefined> {
  try {
    return (await jobManager.result(jobId)) !== undefined;
  } catch {
    return undefined;
  }
}

function unclear(jobId: string, cause: Error): Error {
  const message = `Whether Flink took job ${jobId} is not known: ${reasonOf(cause)}.`;
  return Object.assign(new Error(message, { cause }), adviceOf(cause));
}

/** What stands before Flink may ask to be left alone for a while. */
function adviceOf(error: Error): RetryAdvice {
  const wait = error instanceof Refused ? error.retryAfterMs : undefined;
  return wait === undefined ? {} : { retryAfterMs: wait };
}

function reasonOf(error: Error): string {
  const cause = error instanceof Refused ? causeIn(error.trace) : undefined;
  return cause === undefined ? error.message : shortened(cause);
}
