/** What a job counted. Absent figures are unknown, not zero. */
export interface JobMetrics {
  readonly rowsRead?: number;
  readonly rowsWritten?: number;
  /** Rows that could not be taken over; they are kept aside, never lost in silence. */
  readonly rowsDirty?: number;
  readonly bytesWritten?: number;
}

/** How a job ended. */
export interface JobOutcome {
  readonly state: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly metrics?: JobMetrics;
  /** Why it failed; the run's record keeps it. */
  readonly error?: { readonly code: string; readonly message: string };
  /** False where another attempt cannot help (a malformed job). @default true */
  readonly isRetryable?: boolean;
  /**
   * The shortest wait before another attempt, ms, such as a service asks for with `Retry-After`. The next attempt comes
   * after this or the schedule's back-off, whichever is longer; a wait above an hour counts as an hour.
   *
   * @default the back-off alone
   */
  readonly retryAfterMs?: number;
}

/**
 * Advice about the next attempt, which any error that an operator throws may carry as properties. They mean the same as in a
 * `JobOutcome`.
 */
export type RetryAdvice = Pick<JobOutcome, "isRetryable" | "retryAfterMs">;
