/** Counts reported by a job. Absent figures are unknown, not zero. */
export interface JobMetrics {
  /** Rows read. */
  readonly rowsRead?: number;
  /** Rows written. */
  readonly rowsWritten?: number;
  /** Rows that could not be loaded; they are kept aside, never silently lost. */
  readonly rowsDirty?: number;
  /** Bytes written. */
  readonly bytesWritten?: number;
}

/** Result of a job. */
export interface JobOutcome {
  readonly state: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly metrics?: JobMetrics;
  /** Why it failed; kept in the run's record. */
  readonly error?: { readonly code: string; readonly message: string };
  /** False if another attempt cannot help (a malformed job). @default true */
  readonly isRetryable?: boolean;
  /**
   * Shortest wait before another attempt, ms, such as a service requests with `Retry-After`. The next attempt
   * comes after this or the schedule's back-off, whichever is longer; a wait above an hour counts as an hour.
   *
   * @default the back-off alone
   */
  readonly retryAfterMs?: number;
}

/**
 * Advice on the next attempt, which any error that an operator throws may carry as properties, with the same
 * meaning as in a `JobOutcome`.
 */
export type RetryAdvice = Pick<JobOutcome, "isRetryable" | "retryAfterMs">;
