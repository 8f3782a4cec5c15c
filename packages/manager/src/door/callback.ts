import { z } from "zod";
import { select } from "../schemas/backfill.js";
import { instant } from "../schemas/interval.js";
import { jobMetrics, runError, runState } from "../schemas/run.js";
import { groupId } from "../schemas/schedule.js";

/** What a scheduler that does an interval again on purpose says of that. */
const rerun = z.strictObject({
  id: z.string().min(1).max(200).describe("The same id runs the interval once more once, however often."),
  select: select.describe(
    "Whether it is run again: where nothing has run, failed, either of both, or whatever.",
  ),
});

export type Rerun = z.output<typeof rerun>;

/**
 * What a scheduler posts: core's `OfflineJobRequest` as far as a scheduler knows it, which is InLong's as well. Other
 * fields are left aside.
 */
export const callback = z
  .object({
    groupId,
    boundaryType: z
      .string()
      .regex(/^time$/i, "must be time")
      .nullish(),
    scheduledTime: instant.nullish().describe("The nominal time that the scheduler fires for."),
    lowerBoundary: instant.nullish().describe("Inclusive."),
    upperBoundary: instant.nullish().describe("Exclusive."),
    rerun: rerun.nullish().describe("Runs the interval once more. Only by the engine that the group is on."),
  })
  .refine(({ lowerBoundary, upperBoundary }) => (lowerBoundary == null) === (upperBoundary == null), {
    path: ["upperBoundary"],
    message: "give both boundaries or none",
  });

export type Callback = z.output<typeof callback>;

/** What a callback is answered with. */
export const receipt = z.object({
  runId: z.string(),
  lowerBoundary: z.number().describe("Of the run's interval, inclusive, epoch ms."),
  upperBoundary: z.number().describe("Exclusive."),
  statusUrl: z
    .string()
    .describe("Tells how the run stands. Its key opens this run's status and nothing else."),
  duplicate: z.boolean().describe("The interval had been planned before."),
});

/** How a run stands. */
export const runStatus = z.object({
  runId: z.string(),
  state: runState,
  isEnded: z.boolean(),
  metrics: jobMetrics.optional(),
  error: runError.optional(),
});
