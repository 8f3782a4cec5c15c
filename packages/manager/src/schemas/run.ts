import { z } from "zod";
import { at, interval, maybeAt } from "./interval.js";

export const runState = z
  .enum(["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"])
  .meta({
    id: "RunState",
    description:
      "Where a run is: PLANNED → SUBMITTING → RUNNING → SUCCEEDED, FAILED or CANCELLED; or SKIPPED from the start.",
  });

export const runKind = z.enum(["SCHEDULED", "BACKFILL", "MANUAL"]).meta({
  id: "RunKind",
  description: "Why a run exists: the schedule's own progress, a backfill, or a person's wish.",
});

export const runReason = z
  .enum([
    "catchup-coalesced",
    "catchup-dropped",
    "catchup-window",
    "overlap-dropped",
    "overlap-coalesced",
    "overlap-cancelled",
    "cancelled",
    "unregistered",
    "not-scheduled",
  ])
  .meta({
    id: "RunReason",
    description: "Why an interval did not run, or why a run covers more than one.",
  });

export const runError = z
  .object({
    code: z.string().describe("Stable, in upper case."),
    message: z.string().describe("For people."),
  })
  .meta({
    id: "RunError",
    description: "Why a run or an attempt failed.",
    examples: [{ code: "JOB_FAILED", message: "The service answered 500." }],
  });

export const jobMetrics = z
  .object({
    rowsRead: z.number().optional().describe("Rows read."),
    rowsWritten: z.number().optional().describe("Rows written."),
    rowsDirty: z.number().optional().describe("Rows rejected."),
    bytesWritten: z.number().optional().describe("Bytes written."),
  })
  .meta({
    id: "JobMetrics",
    description: "What a job reports of its work.",
    examples: [{ rowsRead: 1_000, rowsWritten: 998, rowsDirty: 2 }],
  });

const attempt = z
  .object({
    attempt: z.int().describe("1 for the first."),
    submittedAt: maybeAt("When it was submitted"),
    endedAt: at("When it ended"),
    jobId: z.string().nullable().describe("Id of its job, as the operator gave it."),
    error: runError.describe("Why it failed."),
  })
  .meta({ id: "Attempt", description: "One ended attempt of a run that was retried afterwards." });

export const runPlace = z.enum(["waiting", "gated", "ready", "active", "blocking", "none"]).meta({
  id: "RunPlace",
  description:
    "Where a run stands: waiting for its lane, held by a gate, ready to be claimed, active, blocking its lane, or none of these once it has ended.",
});

export const runWait = z
  .object({
    reason: z.string().describe("`lane`, `retry`, `gate`, or the words of the gates that hold it."),
    since: at("Since when"),
    missing: z.array(interval).readonly().optional().describe("The time that is missing upstream."),
    lookAgainAt: at("When its gates are asked again at the latest").optional(),
    wokenBy: z.array(z.string()).readonly().optional().describe("Groups whose runs wake it when they end."),
  })
  .meta({ id: "RunWait", description: "What a run waits for." });

/** A run of one interval in the ledger, as core's `Run`. */
export const run = z
  .object({
    id: z.string().describe("32 lower-case hex digits; the same on every host and after every restart."),
    groupId: z.string().describe("The group it belongs to."),
    kind: runKind.describe("Why it exists."),
    lower: at("Where its interval begins, inclusive"),
    upper: at("Where its interval ends, exclusive"),
    generation: z
      .int()
      .describe("0 for the first run of an interval, one more for each run of it on purpose."),
    intervals: z.int().describe("How many nominal intervals it covers."),
    scheduledTime: at("The nominal time at which it is due, without delay"),
    state: runState.describe("Where it is."),
    reason: runReason.nullable().describe("Why it did not run, or covers more than one interval."),
    scheduleVersion: z.int().describe("The version of the schedule that planned it."),
    backfillId: z.string().nullable().describe("The backfill it belongs to."),
    operator: z.string().describe("The operator that carries it out, in lower case."),
    attempt: z.int().describe("Attempts begun: 0 while it was never claimed."),
    place: runPlace.describe("Where it stands."),
    readyAt: maybeAt("When it was admitted or its next attempt is due; null unless it is ready"),
    leaseUntil: maybeAt("When its lease ends; null unless it is active"),
    wait: runWait.nullable().describe("What it waits for; null where that is nothing but a free manager."),
    isBlocking: z.boolean().describe("Whether later runs wait behind this failed one."),
    isSuperseded: z.boolean().describe("Whether a later generation or a merged run stands for it."),
    isCancelRequested: z.boolean().describe("Whether its cancellation is under way."),
    isJobOpen: z.boolean().describe("Whether a job of it may still be working."),
    plannedAt: at("When it was planned"),
    submittedAt: maybeAt("When its attempt was submitted"),
    startedAt: maybeAt("When its job started"),
    endedAt: maybeAt("When it ended"),
    jobId: z.string().nullable().describe("Id of its job, as the operator gave it."),
    jobAddress: z.string().nullable().describe("Where the job can be looked at."),
    metrics: jobMetrics.nullable().describe("What the job reported."),
    error: runError.nullable().describe("Why it failed."),
    history: z.array(attempt).readonly().describe("The attempts before the present one, oldest first."),
  })
  .meta({ id: "Run", description: "One interval's instance in the ledger." });

export const explanation = z
  .object({
    run: run.describe("The run as it stands."),
    isWaiting: z.boolean().describe("Whether it waits for something."),
    reasons: z.array(z.string()).readonly().describe("In plain sentences, the most telling first."),
  })
  .meta({ id: "Explanation", description: "Why a run waits, or what became of it." });

export const retryRequest = z
  .strictObject({
    version: z
      .enum(["planned", "latest"])
      .optional()
      .describe(
        "The version of the schedule that carries the run out: the one that it was planned with, or the newest. Default planned.",
      ),
  })
  .meta({ id: "RetryRequest", description: "A retry.", examples: [{ version: "latest" }] });
