import type { EpochMs } from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest } from "@tidegate/core/operator";

/**
 * A request to an operator or its answer.
 *
 * - `submit`: a submission, written before the operator is called; `submitted`: the operator accepted the
 *   job; `refused`: it threw an `OperatorError` that says that the job was certainly not accepted; `unclear`:
 *   any other error, so the job may have begun;
 * - `find`: a lookup by key; `found`, `absent`, `find-failed`: its answer;
 * - `ended`: the end of a job became known, by `submit`, `find` or `wait`;
 * - `cancel`: a request to stop; `stopped`: the job has stopped or had already ended; `cancel-failed`:
 *   neither is known.
 */
export type JobRecordEvent =
  | "submit"
  | "submitted"
  | "refused"
  | "unclear"
  | "find"
  | "found"
  | "absent"
  | "find-failed"
  | "ended"
  | "cancel"
  | "stopped"
  | "cancel-failed";

/**
 * One line of a recording. The records of a file are in the order in which they were written, whoever wrote
 * them.
 */
export interface JobRecord {
  readonly event: JobRecordEvent;
  /** When it was written, epoch ms, by the writer's clock. Order by position instead, since clocks differ. */
  readonly at: EpochMs;
  /** The writer's name, unique to each recorder. */
  readonly writer: string;
  /** Number of the call at its writer, shared by the records of the call and of its answer. */
  readonly call: number;
  readonly operatorType: string;
  readonly groupId: string;
  readonly runId: string;
  /** The idempotency key that was submitted or looked up. */
  readonly key: string;
  readonly kind: OfflineJobRequest["kind"];
  readonly mode: OfflineJobRequest["mode"];
  readonly boundaryType: OfflineJobRequest["boundaryType"];
  /** Inclusive, as sent to the operator. */
  readonly lowerBound: string;
  /** Exclusive, as sent to the operator. */
  readonly upperBound: string;
  readonly attempt: number;
  /** The part of its run that the job is for, and how many parts the run has. */
  readonly shard?: { readonly key: string; readonly count: number };
  /** The operator's own id of the job, if known. */
  readonly jobId?: string;
  /** With `ended`. */
  readonly state?: JobOutcome["state"];
  /** Message of the thrown error, or of the error that a job ended with; cut after 300 characters. */
  readonly error?: string;
}

/**
 * Accepts the records of one or more recorders, one at a time. Returns once a record is kept; throws if it is
 * not.
 */
export type RecordSink = (record: JobRecord) => void;
