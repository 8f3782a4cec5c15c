import { OperatorError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import type { RetryAdvice } from "@tidegate/core/operator";
import { shortenedCause } from "@tidegate/operator-kit";
import { flinkCause } from "../rest/cause.js";
import { NoAnswer, Refused } from "../rest/http.js";
import type { JobManager } from "../rest/job-manager.js";
import { isGone } from "../rest/sql-gateway.js";

/** Number of submission attempts before the outcome is left open. */
const MAX_TRIES = 4;

const FIRST_PAUSE_MS = 250;

/**
 * Time after which it is not repeated, ms: a gateway that cannot find its JobManager takes a minute to say
 * so.
 */
const TRYING_LIMIT_MS = 30_000;

/** Flink 2.3 and 1.20. */
const DUPLICATE = /Duplicate(?:Application|Job)SubmissionException/;

/**
 * Errors that another attempt cannot fix. Flink 1.20 reports a missing table as a TableException, as it does
 * much else.
 */
const MISTAKES =
  /\b(?:ValidationException|SqlParserException|SqlParseException|ParseException|ClassNotFoundException|ZipException)\b|\bTableException: Cannot find table|Neither a 'Main-Class'|Only Jar files/;

interface Parts {
  readonly jobManager: JobManager;
  readonly clock: Clock;
  /** Field of the job's kind, for errors: `job.sql`. */
  readonly field: string;
  /**
   * Aborted when nobody wants the job any more; a job that may have been taken is followed up all the same.
   */
  readonly signal: AbortSignal;
}

/**
 * Submits a job under an id that Flink accepts once. So a submission whose response was lost is simply
 * repeated: Flink either takes it now, or refuses it as a duplicate.
 *
 * @returns `false` if Flink already had a job with the id
 * @throws OperatorError JOB_INVALID or JOB_FAILED when the job was certainly not taken
 * @throws Error when that is unknown
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
      // The dispatcher handles waits longer than the pause.
      const isTooSoon = (adviceOf(error).retryAfterMs ?? 0) > pauseMs;
      const isLast = isTooSoon || tries === MAX_TRIES || parts.clock.now() >= giveUpAt;
      if (isLast) throw mayBeTaken ? unclear(jobId, error) : unreachable(error);
      if (!mayBeTaken) parts.signal.throwIfAborted();
      await pause(parts.clock, pauseMs);
    }
  }
}

/** Converts a refusal by Flink to a Tidegate error. */
export function refusal(error: Refused, field: string): OperatorError {
  const code = MISTAKES.test(error.trace) ? "JOB_INVALID" : "JOB_FAILED";
  return new OperatorError(code, `${field}: ${reasonOf(error)}`, { field, ...adviceOf(error) });
}

/** Returns the error for an unreachable Flink when nothing was under way. */
export function unreachable(error: Error): OperatorError {
  return new OperatorError("JOB_FAILED", `Flink took no job: ${reasonOf(error)}.`, {
    cause: error,
    ...adviceOf(error),
  });
}

/** Returns the error for a job that was not submitted because nobody could watch it. */
export function unwatched(error: Error): OperatorError {
  const message = `No job was submitted, since its fate cannot be known while the JobManager (option url) does not answer: ${reasonOf(error)}.`;
  return new OperatorError("JOB_FAILED", message, { cause: error, ...adviceOf(error) });
}

/**
 * A restarted gateway has lost a statement, and one that cannot reach the JobManager says nothing about the
 * job.
 */
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

/** A proxy in front of Flink may ask for a wait. */
function adviceOf(error: Error): RetryAdvice {
  const wait = error instanceof Refused ? error.retryAfterMs : undefined;
  return wait === undefined ? {} : { retryAfterMs: wait };
}

function reasonOf(error: Error): string {
  const cause = error instanceof Refused ? flinkCause(error.trace) : undefined;
  return cause === undefined ? error.message : shortenedCause(cause);
}
