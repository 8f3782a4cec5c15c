import { boundedLog, type JobMetrics, type JobOutcome } from "@tidegate/core/operator";
import type { CheckedJob } from "../job/checked-job.js";
import type { ListedJob } from "../rest/listed-job.js";
import { failureCause } from "./failure-cause.js";
import { type Redact, withhold } from "./redaction.js";

/** Outcomes by state in SeaTunnel's list of ended jobs; other states are not an end. */
const STATES: Readonly<Record<string, JobOutcome["state"]>> = {
  FINISHED: "SUCCEEDED",
  FAILED: "FAILED",
  CANCELED: "CANCELLED",
  SAVEPOINT_DONE: "CANCELLED",
};

/** Returns whether the job copied its interval. */
export function hasSucceeded({ jobStatus }: ListedJob): boolean {
  return jobStatus === "FINISHED";
}

/** Returns the outcome of a job from the list of ended ones. */
export function outcomeOf(ended: ListedJob, checked: CheckedJob, redact: Redact): JobOutcome {
  const state = STATES[ended.jobStatus];
  if (state === undefined) return lostOutcome(checked);
  const metrics = metricsOf(ended.metrics);
  const told = { state, ...(Object.keys(metrics).length === 0 ? {} : { metrics }) };
  return state === "FAILED" ? { ...told, error: errorOf(ended, redact), ...logOf(ended, redact) } : told;
}

/**
 * Returns the outcome of a job that its cluster has forgotten, which may have done its work or not. If a
 * second job replaces what it wrote, another attempt settles the matter; otherwise somebody has to check.
 */
export function lostOutcome({ rerun }: CheckedJob): JobOutcome {
  const isRetryable = rerun !== "appends";
  const told = "SeaTunnel does not know the job any more (was it restarted?), so how it ended is not known.";
  const advice = isRetryable
    ? "Another attempt replaces what it wrote."
    : "It is not run again by itself, since its sinks append: look whether the interval's rows are there, then re-run.";
  return { state: "FAILED", error: { code: "JOB_LOST", message: `${told} ${advice}` }, isRetryable };
}

function errorOf({ errorMsg }: ListedJob, redact: Redact): { code: string; message: string } {
  const cause = failureCause(redact(errorMsg ?? ""));
  return { code: "JOB_FAILED", message: cause || "SeaTunnel did not say why." };
}

/** The lists of jobs have the stack trace of a failure, which is all that SeaTunnel says about a job by itself. */
function logOf({ errorMsg }: ListedJob, redact: Redact): Pick<JobOutcome, "log"> {
  const text = redact(errorMsg ?? "").trimEnd();
  return text === "" || redact === withhold ? {} : { log: boundedLog({ lines: text.split(/\r?\n/) }) };
}

/** Returns what SeaTunnel counts for a job. */
export function metricsOf(metrics: unknown): JobMetrics {
  const { SourceReceivedCount, SinkWriteCount } = (metrics ?? {}) as Readonly<Record<string, unknown>>;
  const [rowsRead, rowsWritten] = [countOf(SourceReceivedCount), countOf(SinkWriteCount)];
  return {
    ...(rowsRead === undefined ? {} : { rowsRead }),
    ...(rowsWritten === undefined ? {} : { rowsWritten }),
  };
}

function countOf(value: unknown): number | undefined {
  const count = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
