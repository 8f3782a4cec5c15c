import { runSnapshotSchema, runStateSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { note } from "./text.js";

/** The request for another full copy of a group. */
export const snapshotRequest = z
  .strictObject({
    note: note(2_000).optional().describe("Why, for people."),
    swap: z
      .boolean()
      .optional()
      .describe(
        "Whether the new copy has to take the place of the old one as a whole: refused unless the job replaces its target. Default: false.",
      ),
    force: z.boolean().optional().describe("Make it although it writes sealed time again. Default: false."),
  })
  .meta({
    id: "SnapshotRequest",
    description: "A request for another full copy of a group.",
    examples: [{ note: "The target was restored from an old backup." }],
  });

/** The hand-over from a full copy to increments, as core's `SnapshotAudit`. */
export const snapshotAudit = z
  .object({
    runId: z.string().describe("The run that makes the copy."),
    state: runStateSchema.describe("Its state."),
    cause: runSnapshotSchema.shape.cause.describe("Why it was made."),
    upTo: z.int().describe("Its upper bound, epoch ms: everything before it is in the copy."),
    positions: z
      .record(z.string(), z.string())
      .readonly()
      .nullable()
      .describe("The same as positions by partition; `null` for boundaries of time alone."),
    nextRunId: z.string().nullable().describe("The run behind it; `null` if none is planned."),
    isSeamless: z
      .boolean()
      .nullable()
      .describe(
        "Whether the run behind it begins exactly where it ends, in time and in positions; `null` if none is planned.",
      ),
    consistentFrom: z
      .int()
      .nullable()
      .describe(
        "From when on the target holds one state of the source, epoch ms: the upper bound, or the end of the copy if its job cannot end there. `null` until it has succeeded.",
      ),
    drift: z
      .object({
        rowsBefore: z
          .int()
          .describe("Rows that the copy before it and the increments between the two have written."),
        rowsCopied: z.int().describe("Rows that it has written itself."),
      })
      .nullable()
      .describe(
        "How the rows of the copy compare with those that were written before it; `null` for the first copy of a reading, and until the copy has succeeded with a number of rows.",
      ),
  })
  .meta({ id: "SnapshotAudit", description: "The hand-over from a full copy to the increments behind it." });
