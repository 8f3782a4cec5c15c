/** What the dispatcher should know of the attempt after a failed one. */
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
  /** What the service asks to wait, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { isRetryable = true, retryAfterMs, cause }: Advice = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
  }
}
