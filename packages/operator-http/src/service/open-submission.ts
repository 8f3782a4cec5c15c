/** Advice to the dispatcher about the next attempt. */
interface Advice {
  readonly isRetryable?: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * A submission that failed, though the service may have taken the job. Not an `OperatorError`, which would say that it
 * certainly did not.
 */
export class OpenSubmission extends Error {
  /** False where another attempt could do the job twice, and no better. */
  readonly isRetryable: boolean;
  /** The wait that the service asks for, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { isRetryable = true, retryAfterMs, cause }: Advice = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
  }
}
