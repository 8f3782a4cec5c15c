import { isTidegateError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import type { JobOutcome } from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";
import { Unanswered } from "./failure.js";

/** How to poll for a job's end. */
export interface PollPlan {
  readonly clock: Clock;
  /** Interval between queries, ms. */
  readonly intervalMs: number;
  /** How long queries may go unanswered, ms. */
  readonly unreachableMs: number;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** A job that has not ended. */
export interface StillRunning {
  /** The wait that the service asks for before the next query, ms. @default the interval */
  readonly retryAfterMs?: number;
}

/** The longest wait caused by unanswered queries, ms, unless the interval is longer. */
const MAX_BACKOFF_MS = 60_000;

/** The longest wait that a service may ask for, ms. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Queries until the job has ended, at once and then at intervals.
 *
 * @param ask - returns the outcome, or anything else while the job runs
 * @throws Error when queries went unanswered for too long
 * @throws the signal's reason when it is aborted
 */
export async function pollUntilEnded(
  ask: () => Promise<JobOutcome | StillRunning | undefined>,
  plan: PollPlan,
  signal: AbortSignal,
): Promise<JobOutcome> {
  let awaySince = 0;
  for (let failures = 0; ; ) {
    let retryAfterMs = 0;
    try {
      const answer = await ask();
      if (answer !== undefined && "state" in answer) return answer;
      failures = 0;
      retryAfterMs = answer?.retryAfterMs ?? 0;
    } catch (error) {
      signal.throwIfAborted();
      if (failures === 0) awaySince = plan.clock.now();
      failures += 1;
      if (!isTransient(error)) throw error;
      if (plan.clock.now() - awaySince >= plan.unreachableMs) throw givenUp(plan.unreachableMs, error);
      retryAfterMs = (error as Unanswered).retryAfterMs ?? 0;
    }
    await pause(plan.clock, pollDelayMs({ ...plan, failures, retryAfterMs }), signal);
  }
}

/**
 * Returns how long to wait before the next query, ms: the interval, doubled with each failure up to a minute,
 * at least as long as the service asks (up to five minutes), with 10% jitter so that many jobs do not query
 * in step, but never before the service wants to be queried.
 */
export function pollDelayMs(given: {
  readonly intervalMs: number;
  readonly failures: number;
  readonly retryAfterMs: number;
  readonly random?: () => number;
}): number {
  const { intervalMs, failures, retryAfterMs, random = Math.random } = given;
  const backoffMs = Math.min(intervalMs * 2 ** failures, Math.max(intervalMs, MAX_BACKOFF_MS));
  const askedMs = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  const waitMs = Math.max(backoffMs, askedMs);
  return Math.max(askedMs, Math.round(waitMs * (0.9 + 0.2 * random())));
}

/** An unreachable service or vault may come back; a forbidden address stays forbidden. */
function isTransient(error: unknown): boolean {
  return error instanceof Unanswered || (isTidegateError(error) && error.code === "CONFIGURATION_INVALID");
}

function givenUp(unreachableMs: number, cause: unknown): Error {
  const { retryAfterMs } = cause as Partial<Unanswered>;
  return new Unanswered(
    `The job's end is not known: the service has not answered for ${unreachableMs / 1_000} s. ${messageOf(cause)}`,
    { cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
}
