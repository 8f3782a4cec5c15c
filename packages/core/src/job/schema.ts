import { z } from "zod";

/** The schema of `JobMetrics`. */
export const jobMetricsSchema = z
  .object({
    rowsRead: z.number().optional().describe("Rows read."),
    rowsWritten: z.number().optional().describe("Rows written."),
    rowsDirty: z
      .number()
      .optional()
      .describe("Rows that could not be loaded; they are kept aside, never silently lost."),
    bytesWritten: z.number().optional().describe("Bytes written."),
  })
  .meta({
    id: "JobMetrics",
    description: "Counts reported by a job. Absent figures are unknown, not zero.",
    examples: [{ rowsRead: 1_000, rowsWritten: 998, rowsDirty: 2 }],
  });

/** The schema of a `RunKind`. */
export const runKindSchema = z.enum(["SCHEDULED", "BACKFILL", "MANUAL", "REPORTED"]).meta({
  id: "RunKind",
  description:
    "Origin of a run: the schedule's own progress, a backfill, a person's request, or a report of what others have done, which is never executed.",
});
