import { backfillSchema, backfillSelectSchema, intervalSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { instant } from "./interval.js";
import { requestId } from "./text.js";

export { backfillSchema as backfill, backfillSelectSchema as select } from "@tidegate/core/schema";

export const backfillPlan = z
  .object({
    backfill: backfillSchema
      .optional()
      .describe("Absent for a dry run, and where there is nothing to do and no id was given."),
    runs: z.int().describe("How many runs."),
    ranges: z.array(intervalSchema).readonly().describe("The time that these cover, merged."),
    first: z.array(intervalSchema).readonly().describe("The first intervals, at most 100."),
    notes: z.array(z.string()).readonly().describe("How the range was widened or narrowed, and why."),
  })
  .meta({ id: "BackfillPlan", description: "The runs of a backfill, planned or only shown." });

/** Core's `BackfillRequest` without the group. */
export const backfillRequest = z
  .strictObject({
    id: requestId
      .optional()
      .describe("Idempotency key: each id begins one backfill. A random one by default."),
    from: instant.describe("Start of the range, inclusive."),
    to: instant.describe("End of the range, exclusive; at most the watermark."),
    select: backfillSelectSchema.optional().describe("Which intervals of the range run. Default `missing`."),
    concurrency: z
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe("How many of its runs may be active at once. Default 1."),
    force: z.boolean().optional().describe("Run sealed time as well. Default false."),
    isDryRun: z.boolean().optional().describe("Only report what would run. Default false."),
  })
  .meta({
    id: "BackfillRequest",
    description: "A past range to be run again.",
    examples: [
      { from: "2026-01-01T00:00:00Z", to: "2026-01-08T00:00:00Z", select: "failed", isDryRun: true },
    ],
  });
