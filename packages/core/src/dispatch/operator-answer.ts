import { z } from "zod";
import { LAST_INSTANT } from "../clock/clock.js";
import { OperatorError } from "../errors/errors.js";
import { boundedLog, type JobLog } from "../job/job-log.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { RowCounts } from "../job/verification.js";
import type { SubmittedJob } from "../operator/operator.js";
import type { RunError } from "../run/run.js";
import { scheduleInfoSchema } from "../schedule/schema.js";

/** Longest error message that a run keeps, characters; the rest is cut off. */
export const LONGEST_MESSAGE = 8_000;

const LONGEST_CODE = 100;
const LONGEST_JOB_ID = 4_000;

const count = z.int("must be a whole number").min(0, "must not be negative");
const metrics = z.object({
  rowsRead: count.optional(),
  rowsWritten: count.optional(),
  rowsDirty: count.optional(),
  bytesWritten: count.optional(),
});
const instant = z
  .int("must be epoch ms")
  .min(-LAST_INSTANT, "must be an instant")
  .max(LAST_INSTANT, "must be an instant");
const touched = z.object({
  groupId: scheduleInfoSchema.shape.groupId.optional(),
  intervals: z
    .array(
      z
        .object({
          lower: instant,
          upper: instant,
          rows: count.optional(),
        })
        .refine(({ lower, upper }) => lower < upper, "must not be empty"),
    )
    .max(1_000, "at most 1,000 intervals"),
});
const jobLog = z.object({ lines: z.array(z.string()), first: count.default(0) });
const jobOutcome = z.object({
  state: z.enum(["SUCCEEDED", "FAILED", "CANCELLED"]),
  metrics: metrics.optional(),
  touched: z.array(touched).max(100, "at most 100 groups").optional(),
  // No log is worth an outcome: an invalid one is dropped.
  log: jobLog.optional().catch(undefined),
  error: z.object({ code: z.string().min(1), message: z.string() }).optional(),
  isRetryable: z.boolean().optional(),
  // A hint, not an answer: an invalid one is dropped.
  retryAfterMs: z.number().optional().catch(undefined),
});
const rowCounts = z.object({
  sourceRows: count,
  targetRows: count,
  rejectedRows: count.optional(),
  checksums: z.object({ source: z.string(), target: z.string() }).optional(),
});
const submittedJob = z.object({
  jobId: z.string().min(1, "must not be empty").max(LONGEST_JOB_ID),
  address: z.string().max(LONGEST_JOB_ID).optional(),
  outcome: jobOutcome.optional(),
});

/** An operator's answer that breaks the contract. Not retried, since another attempt would get the same. */
export class InvalidAnswer extends OperatorError {
  /** Whether the answer, whatever else is wrong with it, says that the job has ended. */
  readonly hasEnded: boolean;

  constructor(call: string, answer: unknown, problem: string, field: string) {
    const subject = field === "" ? "its answer" : field;
    super("OPERATOR_ANSWER_INVALID", `The operator's ${call} breaks the contract: ${subject} ${problem}.`, {
      field: field === "" ? call : field,
    });
    this.hasEnded = jobOutcome.shape.state.safeParse((answer as { state?: unknown } | null)?.state).success;
  }
}

/**
 * Validates the answer of `submit` or `find`.
 *
 * @throws InvalidAnswer OPERATOR_ANSWER_INVALID with the field
 */
export function checkedJob(call: "submit" | "find", answer: unknown): SubmittedJob {
  const { jobId, address, outcome } = parsed(call, submittedJob, answer);
  const job: { -readonly [Key in keyof SubmittedJob]: SubmittedJob[Key] } = { jobId };
  if (address !== undefined) job.address = address;
  if (outcome !== undefined) job.outcome = bounded(outcome);
  return job;
}

/**
 * Validates a job outcome reported by an operator and bounds its texts.
 *
 * @throws InvalidAnswer OPERATOR_ANSWER_INVALID with the field
 */
export function checkedOutcome(call: "wait", answer: unknown): JobOutcome {
  return bounded(parsed(call, jobOutcome, answer));
}

/** Returns an outcome with its texts cut to what a run keeps, and without fields that say nothing. */
function bounded(outcome: z.output<typeof jobOutcome>): JobOutcome {
  const { state, metrics, touched, log, error, isRetryable, retryAfterMs } = outcome;
  const kept: { -readonly [Key in keyof JobOutcome]: JobOutcome[Key] } = { state };
  if (metrics !== undefined) kept.metrics = metrics as NonNullable<JobOutcome["metrics"]>;
  if (touched !== undefined) kept.touched = touched as NonNullable<JobOutcome["touched"]>;
  if (log !== undefined && log.lines.length > 0) kept.log = boundedLog(log);
  if (error !== undefined) kept.error = boundedError(error);
  if (isRetryable !== undefined) kept.isRetryable = isRetryable;
  if (retryAfterMs !== undefined) kept.retryAfterMs = retryAfterMs;
  return kept;
}

/**
 * Validates lines of a running job, and bounds them.
 *
 * @throws InvalidAnswer OPERATOR_ANSWER_INVALID with the field
 */
export function checkedLog(answer: unknown): Required<JobLog> {
  return boundedLog(parsed("logs", jobLog, answer));
}

/**
 * Validates what an operator has counted.
 *
 * @throws InvalidAnswer OPERATOR_ANSWER_INVALID with the field
 */
export function checkedCounts(answer: unknown, withChecksum: boolean): RowCounts {
  const { rejectedRows, checksums, ...rows } = parsed("verify", rowCounts, answer);
  if (withChecksum && checksums === undefined)
    throw new InvalidAnswer("verify", answer, "is missing, although they were asked for", "checksums");
  return {
    ...rows,
    ...(rejectedRows === undefined ? {} : { rejectedRows }),
    ...(checksums === undefined ? {} : { checksums }),
  };
}

/** Returns the error with its texts cut to what a run keeps. */
export function boundedError({ code, message }: RunError): RunError {
  return { code: code.slice(0, LONGEST_CODE), message: shortened(message) };
}

function shortened(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  const note = ` … (${message.length} characters in all)`;
  return message.slice(0, LONGEST_MESSAGE - note.length) + note;
}

function parsed<T>(call: string, schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const wrong = path[0] === "outcome" ? (answer as { outcome: unknown }).outcome : answer;
  throw new InvalidAnswer(call, wrong, `is wrong: ${message}`, path.map(String).join("."));
}
