import type { EpochMs } from "../clock/clock.js";
import { type DirtyDataLimit, exceedsDirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { Run, RunError, RunReason, RunSnapshot } from "../run/run.js";
import type { BackoffSpec, ScheduleSpec } from "../schedule/schedule.js";
import type { RunChange } from "../store/run-queue.js";

/** An ended attempt, and what is known about its job. */
export interface EndedAttempt {
  readonly run: Run;
  readonly token: number;
  readonly spec: ScheduleSpec;
  readonly outcome: JobOutcome;
  /** Whether a job of the run may still be working. */
  readonly isJobOpen: boolean;
  readonly startedAt: EpochMs | null;
  readonly jobId: string | null;
  readonly jobAddress: string | null;
  readonly endedAt: EpochMs;
  /** Reason for the cancellation, if there was one. */
  readonly cancelReason: RunReason | null;
}

/** Longest wait that an operator may request before another attempt, ms. */
export const MAX_RETRY_AFTER_MS = 3_600_000;

const ACTIVE = ["SUBMITTING", "RUNNING"] as const;

/**
 * Returns the change that an ended attempt makes to its run: success, another attempt, or the end. Pure
 * except for the jitter.
 */
export function endAttempt(attempt: EndedAttempt): RunChange {
  const outcome = withDirtyLimit(attempt.outcome, attempt.spec.dirtyData);
  if (outcome.state === "SUCCEEDED") return ended(attempt, "SUCCEEDED", outcome);
  if (outcome.state === "CANCELLED" && attempt.cancelReason !== null) return cancelled(attempt, outcome);
  const { run, spec } = attempt;
  const mayRetry = outcome.isRetryable !== false && run.attempt < spec.maxAttempts;
  return mayRetry ? nextAttempt(attempt, outcome) : failed(attempt, outcome);
}

/**
 * Returns what is known of a snapshot once its job has succeeded: from when on it is consistent, if the job may have read
 * rows behind its upper bound. `undefined` if nothing is to be added.
 */
export function endedSnapshot(
  { run: { snapshot }, spec: { job, boundaryType }, endedAt }: Pick<EndedAttempt, "run" | "spec" | "endedAt">,
  operator: Pick<ScheduleOperator, "canReadAt"> | undefined,
): RunSnapshot | undefined {
  if (snapshot === null || operator?.canReadAt?.(job, boundaryType) !== false) return undefined;
  return { ...snapshot, consistentFrom: endedAt };
}

/**
 * Returns how long to wait before the attempt after this one, ms: exponential, with jitter over its upper
 * half.
 */
export function backoffMs(backoff: BackoffSpec, attempt: number): number {
  const longest = Math.min(backoff.maxMs, backoff.initialMs * 2 ** (attempt - 1));
  return Math.round(longest * (0.5 + Math.random() / 2));
}

/**
 * Returns how long to wait after an attempt that ended with `outcome`, ms: the back-off, or the requested
 * wait if longer.
 */
function retryDelayMs({ run, spec }: EndedAttempt, { retryAfterMs = 0 }: JobOutcome): number {
  // Anything but a number is no request; `Math.max` would pass it on into the ledger.
  const askedMs = retryAfterMs > 0 ? Math.min(Math.ceil(retryAfterMs), MAX_RETRY_AFTER_MS) : 0;
  return Math.max(backoffMs(spec.backoff, run.attempt), askedMs);
}

/** Turns a success whose bad rows exceed the limit into a failure. */
export function withDirtyLimit(outcome: JobOutcome, limit: DirtyDataLimit | null): JobOutcome {
  if (outcome.state !== "SUCCEEDED" || limit === null) return outcome;
  if (!exceedsDirtyDataLimit(outcome.metrics ?? {}, limit)) return outcome;
  const { rowsDirty = 0, rowsRead = 0 } = outcome.metrics ?? {};
  return {
    state: "FAILED",
    ...(outcome.metrics === undefined ? {} : { metrics: outcome.metrics }),
    error: {
      code: "DIRTY_DATA_LIMIT",
      message: `${rowsDirty} of ${rowsRead} rows were bad, more than dirtyData allows (${JSON.stringify(limit)}).`,
    },
    isRetryable: false,
  };
}

function ended(
  attempt: EndedAttempt,
  state: "SUCCEEDED" | "FAILED" | "CANCELLED",
  outcome: JobOutcome,
): RunChange {
  const change: RunChange = {
    id: attempt.run.id,
    from: ACTIVE,
    token: attempt.token,
    state,
    at: attempt.endedAt,
    isJobOpen: attempt.isJobOpen,
    startedAt: attempt.startedAt,
    endedAt: attempt.endedAt,
    jobId: attempt.jobId,
    jobAddress: attempt.jobAddress,
    metrics: outcome.metrics ?? null,
    error: state === "SUCCEEDED" ? null : errorOf(outcome),
  };
  // A cancellation that came too late is no reason for how the run has ended.
  return attempt.cancelReason === null ? change : { ...change, reason: null };
}

function cancelled(attempt: EndedAttempt, outcome: JobOutcome): RunChange {
  return { ...ended(attempt, "CANCELLED", outcome), reason: attempt.cancelReason };
}

/** A snapshot whose job may still end holds the lane whatever the schedule says: it would take the place of what follows it. */
function failed(attempt: EndedAttempt, outcome: JobOutcome): RunChange {
  const { isJobOpen, run, spec } = attempt;
  const isHolding = spec.onFailure !== "continue" || (run.snapshot !== null && isJobOpen);
  return { ...ended(attempt, "FAILED", outcome), isBlocking: run.kind === "SCHEDULED" && isHolding };
}

function nextAttempt(attempt: EndedAttempt, outcome: JobOutcome): RunChange {
  const { run, endedAt } = attempt;
  const error = errorOf(outcome);
  return {
    id: run.id,
    from: ACTIVE,
    token: attempt.token,
    state: "PLANNED",
    at: endedAt,
    place: "ready",
    readyAt: endedAt + retryDelayMs(attempt, outcome),
    wait: { reason: "retry", since: endedAt },
    isJobOpen: attempt.isJobOpen,
    startedAt: null,
    jobId: null,
    jobAddress: null,
    error,
    attemptRecord: {
      attempt: run.attempt,
      submittedAt: run.submittedAt,
      endedAt,
      jobId: attempt.jobId,
      error,
    },
  };
}

function errorOf(outcome: JobOutcome): RunError {
  if (outcome.error !== undefined) return outcome.error;
  return outcome.state === "CANCELLED"
    ? { code: "JOB_CANCELLED", message: "The job was cancelled." }
    : { code: "JOB_FAILED", message: "The job failed and did not say why." };
}
