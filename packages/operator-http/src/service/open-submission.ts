/** Advice to the dispatcher about the next attempt. */
interface Advice {
  readonly isRetryable?: boolean;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/**
 * A failed submission whose job the service may have taken. Not an `OperatorError`, which would mean that it
 * certainly did not.
 */
export class OpenSubmission extends Error {
  /** False if another attempt could run the job twice with no better result. */
  readonly isRetryable: boolean;
  /** The wait that the service asks for, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { isRetryable = true, retryAfterMs, cause }: Advice = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.isRetryable = isRetryable;
    this.retryAfterMs = retryAfterMs;
  }
}
