import type { JobLog } from "../job/job-log.js";

/** The log of an ended attempt, as it is kept. */
export interface AttemptLog extends Required<JobLog> {
  readonly runId: string;
  /** The ordinal of the attempt over all retries of the run, 1 for the first. */
  readonly attempt: number;
}

/**
 * The logs of ended attempts, in a table of their own: a run without logs has nothing here, and none of its writes
 * looks here. A purge removes the logs with their runs. A facet of `ScheduleStore`.
 */
export interface LogTable {
  /** Keeps logs, each once: `false` if the log of the attempt is kept already, or if there is no such run. */
  keepLogs(logs: readonly AttemptLog[]): Promise<boolean[]>;
  /** Returns the log of an attempt; `undefined` if none is kept. */
  getLog(runId: string, attempt: number): Promise<AttemptLog | undefined>;
}
