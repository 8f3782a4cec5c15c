import { z } from "zod";
import { at, instant, interval } from "./interval.js";
import { requestId } from "./text.js";

export const select = z.enum(["missing", "failed", "incomplete", "all"]).meta({
  id: "BackfillSelect",
  description:
    "Which intervals run again: those that no run has done (`missing`), those whose run failed (`failed`), either (`incomplete`), or `all`.",
});

export const backfill = z
  .object({
    id: z.string().describe("The id that was given, or a random one."),
    groupId: z.string().describe("The group whose past is run again."),
    lower: at("Where its range begins, inclusive"),
    upper: at("Where its range ends, exclusive"),
    select: select.describe("Which intervals of the range run."),
    concurrency: z.int().describe("How many of its runs may be active at once."),
    cursor: at("Up to where intervals have been looked at"),
    state: z
      .enum(["RUNNING", "DONE", "CANCELLED", "FAILED"])
      .describe("`RUNNING` until every interval of the range has been planned and its runs have ended."),
    reason: z.string().nullable().describe("Why it has failed."),
    plannedRuns: z.int().describe("Runs planned so far."),
    openRuns: z.int().describe("Planned runs that have not ended."),
    createdAt: at("When it was requested"),
    updatedAt: at("When it changed last"),
  })
  .meta({
    id: "Backfill",
    description: "Runs of a past range, made a few at a time beside the live schedule.",
  });

export const backfillPlan = z
  .object({
    backfill: backfill
      .optional()
      .describe("Absent for a dry run, and where there is nothing to do and no id was given."),
    runs: z.int().describe("How many runs."),
    ranges: z.array(interval).readonly().describe("The time that these cover, merged."),
    first: z.array(interval).readonly().describe("The first intervals, at most 100."),
    notes: z.array(z.string()).readonly().describe("How the range was widened or narrowed, and why."),
  })
  .meta({ id: "BackfillPlan", description: "What a backfill runs, or would run." });

/** Core's `BackfillRequest` without the group. */
export const backfillRequest = z
  .strictObject({
    id: requestId
      .optional()
      .describe("Idempotency key: each id begins one backfill. A random one by default."),
    from: instant.describe("Where the range begins, inclusive."),
    to: instant.describe("Where the range ends, exclusive; at most the watermark."),
    select: select.optional().describe("Which intervals of the range run. Default `missing`."),
    concurrency: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe("How many of its runs may be active at once. Default 1."),
    isDryRun: z.boolean().optional().describe("Only report what would run. Default false."),
  })
  .meta({
    id: "BackfillRequest",
    description: "A past range to be run again.",
    examples: [
      { from: "2026-01-01T00:00:00Z", to: "2026-01-08T00:00:00Z", select: "failed", isDryRun: true },
    ],
  });
