import { jobSchema, offsetSourceSchema, startAtSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { note } from "./text.js";

export const rebaseRequest = z
  .strictObject({
    startAt: startAtSchema.describe(
      "The first positions to read: the `earliest` positions that can be read, the `latest` of now, `{ time }`, which must not be still to come, or `{ offsets }`.",
    ),
    source: offsetSourceSchema
      .optional()
      .describe("The source that is read from then on. Default: the one that the schedule has."),
    job: jobSchema
      .optional()
      .describe(
        "The job from then on: one that names its source has to change together with it. Default: the one that the schedule has.",
      ),
    note: note(2_000).optional().describe("Why, for people."),
    force: z
      .boolean()
      .optional()
      .describe(
        "With snapshots: make a copy of the new reading although it writes sealed time again. Default: false.",
      ),
  })
  .meta({
    id: "RebaseRequest",
    description: "A decision to read the source of a group from elsewhere.",
    examples: [{ startAt: "earliest", note: "The topic was made again." }],
  });
