import { z } from "zod";
import { at } from "../shape/field.js";

/** The schema of a `BackfillSelect`. */
export const backfillSelectSchema = z.enum(["missing", "failed", "incomplete", "all"]).meta({
  id: "BackfillSelect",
  description:
    "The intervals of the range that a backfill runs: `missing`, those that no run has processed, is processing or has failed at; `failed`; `incomplete`, both of these; or `all`. Intervals with a run in progress are skipped.",
});

/** The schema of a `Backfill`. */
export const backfillSchema = z
  .object({
    id: z.string().describe("The id that was given, or a random one."),
    groupId: z.string().describe("The group whose past runs again."),
    lower: z.int().describe("Inclusive, epoch ms. An interval that this bound cuts runs as a whole."),
    upper: z.int().describe("Exclusive, epoch ms. An interval that this bound cuts runs as a whole."),
    select: backfillSelectSchema.describe("Which intervals of the range run."),
    concurrency: z.int().describe("How many of its runs may be active at once, at least 1."),
    cursor: at("Everything that begins before this has been planned or skipped"),
    state: z
      .enum(["RUNNING", "DONE", "CANCELLED", "FAILED"])
      .describe("`RUNNING` until every interval of the range has been planned and its runs have ended."),
    reason: z.string().nullable().describe("Why it failed."),
    plannedRuns: z.int().describe("Runs planned so far; `openRuns` of these have not ended."),
    openRuns: z.int().describe("Planned runs that have not ended."),
    createdAt: at("When it was requested"),
    updatedAt: at("When it changed last"),
  })
  .meta({
    id: "Backfill",
    description: "Runs of a past range, made a few at a time beside the live schedule.",
  });
