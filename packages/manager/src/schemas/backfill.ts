import { z } from "zod";
import { epochMs, instant, interval } from "./interval.js";

export const select = z.enum(["missing", "failed", "incomplete", "all"]);

export const backfill = z.object({
  id: z.string(),
  groupId: z.string(),
  lower: epochMs,
  upper: epochMs,
  select,
  concurrency: z.int(),
  cursor: epochMs,
  state: z.enum(["RUNNING", "DONE", "CANCELLED", "FAILED"]),
  reason: z.string().nullable(),
  plannedRuns: z.int(),
  openRuns: z.int(),
  createdAt: epochMs,
  updatedAt: epochMs,
});

export const backfillPlan = z.object({
  backfill: backfill.optional(),
  runs: z.int(),
  ranges: z.array(interval).readonly(),
  first: z.array(interval).readonly(),
  notes: z.array(z.string()).readonly(),
});

/** As core's `BackfillRequest`, but for the group. */
export const backfillRequest = z.strictObject({
  id: z.string().min(1).max(200).optional().describe("The same id begins one backfill, however often."),
  from: instant,
  to: instant,
  select: select.optional(),
  concurrency: z.int().min(1).max(1_000).optional(),
  isDryRun: z.boolean().optional(),
});
