import type { DeadlineRecord } from "../../deadlines/deadline-record.js";
import type { Interval } from "../../interval/boundaries.js";
import type { Run } from "../../run/run.js";
import type { DeadlineFilter } from "../../store/deadline-table.js";
import type { Page, PageRequest } from "../../store/page.js";
import type { RunFilter } from "../../store/run-ledger.js";
import type { Explanation } from "../explain.js";
import type { RetryOptions, TriggerOptions } from "../run-control.js";
import type { LogOptions, RunLog } from "../run-logs.js";
import type { ShardFilter, ShardPage } from "../run-shards.js";

/** Begins, shows and changes single runs. A part of `ScheduleClient`. */
export interface RunOperations {
  /**
   * Runs a group now, even if it is paused. Without an interval, runs what is owed under its catch-up policy, without
   * waiting for `batchUntil`, or re-runs the last closed interval if nothing is owed. A paused group runs what it owes all at once, at most
   * 1,000 runs. With an interval, re-runs every whole interval in it, each as a new generation. With `drain`, a group
   * that is read by positions reads everything that its source has now, in as many runs as its limit needs, at most
   * 1,000, although no interval is over or there is less than `batchUntil` waits for.
   *
   * @param options - `force`: re-runs sealed time as well
   * @returns the runs that were planned
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered), SCHEDULE_VERSION_STALE (purged and
   *   registered again meanwhile); LedgerError SEALED, INTERVAL_INVALID, INTERVAL_OPEN (not over yet, or left to the live
   *   schedule, or nothing to drain since the last run), INTERVAL_NOT_ALIGNED (naming the nearest that is),
   *   RUN_STATE_ILLEGAL (already in progress, or what is owed waits for a run that is)
   */
  trigger(groupId: string, interval?: Interval, options?: TriggerOptions): Promise<Run[]>;

  /** Lists runs by interval, one page at a time. */
  runs(filter?: RunFilter, page?: PageRequest): Promise<Page<Run>>;

  /** Returns a run. @throws LedgerError RUN_NOT_FOUND */
  getRun(id: string): Promise<Run>;

  /** Explains why a run waits, or how it ended. @throws LedgerError RUN_NOT_FOUND */
  explain(runId: string): Promise<Explanation>;

  /**
   * Lists the shards of a run in the order of its split, one page at a time, and says how far all of them have got.
   * A run that is not split has none.
   *
   * @throws LedgerError RUN_NOT_FOUND
   */
  shards(runId: string, filter?: ShardFilter, page?: PageRequest): Promise<ShardPage>;

  /**
   * Returns lines that an attempt of a run has logged: the last 256 kB once it has ended, and before that as many as
   * its operator shows of a running job. There are none if the operator has no logs, or another manager has the job.
   *
   * ```ts
   * const { lines, next } = await client.logs(run.id);
   * const more = await client.logs(run.id, { after: next });
   * ```
   *
   * @throws LedgerError RUN_NOT_FOUND; ScheduleError ARGUMENT_INVALID if the attempt has not begun; OperatorError if
   *   the lines of a running job cannot be read now
   */
  logs(runId: string, options?: LogOptions): Promise<RunLog>;

  /**
   * Cancels a run: a waiting one at once, an active one as soon as its job has stopped. Cancelling a failed
   * run lets what it blocks continue.
   *
   * @throws LedgerError RUN_NOT_FOUND, RUN_STATE_ILLEGAL
   */
  cancelRun(id: string): Promise<void>;

  /**
   * Opens the gates of a run by hand: all that hold it now, and any that would hold it before it begins. Its
   * lane still has to have a place for it. The run keeps the mark, with the note; other runs, also later ones
   * of the same interval, go through their gates.
   *
   * @param note - why, for people
   * @throws LedgerError RUN_NOT_FOUND; RUN_STATE_ILLEGAL if no gate holds it
   */
  markReady(id: string, note?: string): Promise<void>;

  /**
   * Gives a failed or cancelled run all its attempts again, with the same boundaries and idempotency key. It
   * uses the schedule version that it was planned with, or the newest if requested.
   *
   * @throws LedgerError RUN_NOT_FOUND; RUN_STATE_ILLEGAL also if another run covers any of its time;
   *   ScheduleError SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  retryRun(id: string, options?: RetryOptions): Promise<void>;

  /**
   * Retries all failed runs of a group that no other run covers, each as `retryRun` does.
   *
   * @returns the ids of the retried runs, oldest interval first
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (unregistered)
   */
  retryRuns(groupId: string, options?: RetryOptions): Promise<string[]>;

  /**
   * Lists deadlines that were not simply met, by deadline, one page at a time: at risk, missed, met late or
   * after a risk, or excused.
   */
  deadlines(filter?: DeadlineFilter, page?: PageRequest): Promise<Page<DeadlineRecord>>;
}
