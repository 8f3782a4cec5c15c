import { z } from "zod";
import { epochMs } from "./interval.js";

export const runState = z.enum([
  "PLANNED",
  "SUBMITTING",
  "RUNNING",
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
  "SKIPPED",
]);

export const runKind = z.enum(["SCHEDULED", "BACKFILL", "MANUAL"]);

export const runReason = z.enum([
  "catchup-coalesced",
  "catchup-dropped",
  "catchup-window",
  "overlap-dropped",
  "overlap-coalesced",
  "overlap-cancelled",
  "cancelled",
  "unregistered",
  "not-scheduled",
]);

export const runError = z.object({ code: z.string(), message: z.string() });

export const jobMetrics = z.object({
  rowsRead: z.number().optional(),
  rowsWritten: z.number().optional(),
  rowsDirty: z.number().optional(),
  bytesWritten: z.number().optional(),
});

/** One interval's instance in the ledger, as core's `Run`. */
export const run = z.object({
  id: z.string(),
  groupId: z.string(),
  kind: runKind,
  lower: epochMs,
  upper: epochMs,
  generation: z.int(),
  intervals: z.int(),
  scheduledTime: epochMs,
  state: runState,
  reason: runReason.nullable(),
  scheduleVersion: z.int(),
  backfillId: z.string().nullable(),
  attempt: z.int(),
  wakeAt: epochMs.nullable(),
  isBlocking: z.boolean(),
  isSuperseded: z.boolean(),
  isCancelRequested: z.boolean(),
  isJobOpen: z.boolean(),
  plannedAt: epochMs,
  submittedAt: epochMs.nullable(),
  startedAt: epochMs.nullable(),
  endedAt: epochMs.nullable(),
  jobId: z.string().nullable(),
  jobAddress: z.string().nullable(),
  metrics: jobMetrics.nullable(),
  error: runError.nullable(),
  history: z
    .array(
      z.object({
        attempt: z.int(),
        submittedAt: epochMs.nullable(),
        endedAt: epochMs,
        jobId: z.string().nullable(),
        error: runError,
      }),
    )
    .readonly(),
});

export const explanation = z.object({
  run,
  isWaiting: z.boolean(),
  reasons: z.array(z.string()).readonly(),
});
