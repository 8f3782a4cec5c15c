/**
 * The contract of an operator, which executes batch jobs.
 *
 * @module
 */

export { BEGINNING, FIRST_INSTANT, instantOfBound, timeBoundaries } from "./interval/boundaries.js";
export { exceedsDirtyDataLimit } from "./job/dirty-data-limit.js";
export { boundedLog, type JobLog, LOG_BYTES, logAfter } from "./job/job-log.js";
export type { JobMetrics, JobOutcome, RetryAdvice, TouchedInterval, TouchedTime } from "./job/job-outcome.js";
export { LogLines } from "./job/log-lines.js";
export type { OfflineJobRequest } from "./job/offline-job-request.js";
export type { RowCounts } from "./job/verification.js";
export type {
  JobContext,
  LogContext,
  ScheduleOperator,
  SplitContext,
  SubmittedJob,
  VerifyContext,
  WriteEffect,
} from "./operator/operator.js";
export type { JobSplit, RequestedShard, ShardResult, ShardSpec } from "./shard/shard.js";
