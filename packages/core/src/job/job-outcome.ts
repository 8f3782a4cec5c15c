import type { Interval } from "../interval/boundaries.js";
import type { JobLog } from "./job-log.js";

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

/** Time that the rows of a job fell in. */
export interface TouchedTime {
  /** The group whose time it is. @default the group of the run, whose dependents have read it */
  readonly groupId?: string;
  /** In epoch ms; at most 1,000. */
  readonly intervals: readonly TouchedInterval[];
}

/** A part of it. */
export interface TouchedInterval extends Interval {
  /** How many rows. @default unknown */
  readonly rows?: number;
}

/** Result of a job. */
export interface JobOutcome {
  readonly state: "SUCCEEDED" | "FAILED" | "CANCELLED";
  readonly metrics?: JobMetrics;
  /**
   * The time that its rows fell in, if it has succeeded. Time outside the run's own interval is late data of the
   * group: what has read it is stale. Another group that is named here is run again for that time if its schedule
   * says so (`onLate`). At most 100 groups, over all shards of a run. @default none but its interval's
   */
  readonly touched?: readonly TouchedTime[];
  /**
   * The last lines that it has logged; the manager keeps 256 kB of them for each attempt. An operator may leave them
   * out when it is asked again for the outcome of the same job. @default it has logged nothing
   */
  readonly log?: JobLog;
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
