import { z } from "zod";
import { select } from "../schemas/backfill.js";
import { at, instant } from "../schemas/interval.js";
import { jobMetrics, runError, runState } from "../schemas/run.js";
import { groupId } from "../schemas/schedule.js";
import { requestId } from "../schemas/text.js";

/** A request to re-run an interval on purpose. */
const rerun = z
  .strictObject({
    id: requestId.describe("Idempotency key: each id re-runs the interval at most once."),
    select: select.describe("In which cases the interval runs again."),
  })
  .meta({
    id: "Rerun",
    description: "A request to run an interval again on purpose.",
    examples: [{ id: "manual__2026-01-01T02:00:00+00:00", select: "failed" }],
  });

/**
 * The body that a scheduler posts: the fields of core's `OfflineJobRequest` that a scheduler knows, as in
 * InLong. Other fields are ignored.
 */
export const callback = z
  .object({
    groupId,
    boundaryType: z
      .string()
      .regex(/^time$/i, "must be time")
      .nullish()
      .describe("The kind of boundaries: `time`, in any case."),
    scheduledTime: instant.nullish().describe("The nominal time that the scheduler fires for."),
    lowerBoundary: instant.nullish().describe("Start of the interval, inclusive."),
    upperBoundary: instant.nullish().describe("End of the interval, exclusive."),
    rerun: rerun.nullish().describe("Runs the interval once more. Only for the engine that the group is on."),
  })
  .refine(({ lowerBoundary, upperBoundary }) => (lowerBoundary == null) === (upperBoundary == null), {
    path: ["upperBoundary"],
    message: "give both boundaries or none",
  })
  .meta({
    id: "Callback",
    description: "A scheduler's fire. Other fields are ignored.",
    examples: [{ groupId: "orders", scheduledTime: "2026-01-01T01:00:00Z" }],
  });

export type CallbackBody = z.output<typeof callback>;

/** The answer to a callback. */
export const receipt = z
  .object({
    runId: z.string().describe("The run that stands for the interval."),
    lowerBoundary: at("Start of the run's interval, inclusive"),
    upperBoundary: at("End of the run's interval, exclusive"),
    statusUrl: z.string().describe("Address of the run's status. Its key opens this one and nothing else."),
    duplicate: z.boolean().describe("Whether the interval had been planned before."),
  })
  .meta({ id: "Receipt", description: "The run that stands for the interval of a callback." });

/** The status of a run. */
export const runStatus = z
  .object({
    runId: z.string().describe("Id of the run."),
    state: runState.describe("State of the run."),
    isEnded: z.boolean().describe("Whether it has ended."),
    metrics: jobMetrics.optional().describe("The metrics that the job reported."),
    error: runError.optional().describe("Why it failed."),
  })
  .meta({ id: "RunStatus", description: "The status of a run, for the scheduler that has fired it." });
