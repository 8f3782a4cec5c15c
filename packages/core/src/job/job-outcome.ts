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
}
