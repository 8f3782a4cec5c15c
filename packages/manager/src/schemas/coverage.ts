import { intervalSchema as interval, runSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { instant } from "./interval.js";
import { line, note, wholeNumber } from "./text.js";

/** Longest wait for coverage, ms. */
const MAX_WAIT_MS = 60_000;

const UNIT_MS = { ms: 1, s: 1_000 } as const;

/** A report of a source group's coverage. */
export const coverageReport = z
  .strictObject({
    lower: instant.describe("Start of the reported time, inclusive."),
    upper: instant.describe("End of the reported time, exclusive. It may lie in the future."),
    version: line(200)
      .min(1)
      .optional()
      .describe(
        "The version of the data. Time that was reported with another one is covered by a new generation from now on. Default: whatever is there already.",
      ),
    note: note(2_000).optional().describe("For people."),
    force: z.boolean().optional().describe("Report sealed time as well. Default false."),
  })
  .meta({
    id: "CoverageReport",
    description: "A report that a source group's data are complete for an interval. It may be repeated.",
    examples: [{ lower: "2026-01-01T00:00:00Z", upper: "2026-01-02T00:00:00Z", version: "2026-01-02T06:10" }],
  });

/** The effect of a report. */
export const coverageReceipt = z
  .object({
    groupId: z.string().describe("The group."),
    changed: z
      .array(interval)
      .readonly()
      .describe(
        "The time that is covered now and was not, or has another version. Empty if the report was repeated.",
      ),
  })
  .meta({ id: "CoverageReceipt", description: "The effect of a report." });

/** The part of an interval that a group covers, as core's `CoverageAnswer`. */
export const coverageAnswer = z
  .object({
    groupId: z.string().describe("The group."),
    range: interval.describe("The time that was asked about."),
    isCovered: z
      .boolean()
      .describe("Whether all of it has succeeded, and a full copy that has its rows is consistent."),
    missing: z.array(interval).readonly().describe("The time that has not."),
    generationDigest: z
      .string()
      .describe(
        "Changes when time of the range is covered that was not, or is covered by another generation.",
      ),
  })
  .meta({ id: "CoverageAnswer", description: "The part of an interval that a group covers." });

/** A run that has read other data than there are now, as core's `StaleRun`. */
export const staleRun = z
  .object({
    run: runSchema.describe("The run as it stands."),
    state: z
      .enum(["stale", "tainted"])
      .describe(
        "`stale`: time that it has read is covered by another generation now, or by one at last; `tainted`: it has read a run that is stale or tainted.",
      ),
  })
  .meta({ id: "StaleRun", description: "A run that has read other data than there are now." });

/** How long to wait, such as `30s` or `500ms`; parses to ms. */
export const wait = z
  .string()
  .regex(/^\d{1,5}(ms|s)$/, "must be a number of s or ms, such as 30s")
  .transform((text) => {
    const unit = text.endsWith("ms") ? "ms" : "s";
    return Number(text.slice(0, -unit.length)) * UNIT_MS[unit];
  })
  .pipe(z.int().max(MAX_WAIT_MS, "must be at most 60s"))
  .optional()
  .describe(
    "How long to wait for all of it to be covered, such as `30s` or `500ms`, at most `60s`. Default 0.",
  );

export const bucketLimit = wholeNumber(10, 5_000).optional().describe("Most buckets. Default 5000.");

const coverageBucket = interval
  .extend({
    condition: z
      .enum(["succeeded", "active", "owed", "skipped", "cancelled", "missing", "failed"])
      .describe(
        "The condition of the part of it that needs a person most: the last of these that any of it is in. `owed`: over and not planned yet; `missing`: no run covers it.",
      ),
    succeededShare: z.number().describe("How much of it has succeeded, 0 to 1."),
    isStale: z.boolean().describe("Whether any of it has succeeded with other input than there is now."),
    isRerunning: z.boolean().describe("Whether it has succeeded and is being run again."),
    runId: z.string().nullable().describe("The run that it stands for; `null` for none or for several."),
    intervals: z
      .int()
      .nullable()
      .describe("How many nominal intervals it is; `null` for a unit of the calendar."),
  })
  .meta({ id: "CoverageBucket", description: "A part of a group's time, and what became of it." });

/** A group's time in buckets, as core's `CoverageBuckets`. */
export const coverageBuckets = z
  .object({
    groupId: z.string().describe("The group."),
    range: interval.describe("The time that is shown: of the range asked for, the part that is over."),
    unit: z
      .enum(["interval", "hour", "day", "week", "month", "year"])
      .describe("The unit of a bucket: an interval of the group, or a unit of the calendar."),
    timezone: z.string().describe("The time zone of the group, in which units of the calendar begin."),
    sealedThrough: z
      .int()
      .nullable()
      .describe("End of the sealed time, epoch milliseconds; `null` if nothing is sealed."),
    buckets: z.array(coverageBucket).readonly().describe("The buckets, oldest first."),
  })
  .meta({ id: "CoverageBuckets", description: "A group's time in buckets, for a picture of it." });
