import { jobSchema, offsetSourceSchema, startAtSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { note } from "./text.js";

const force = z
  .boolean()
  .optional()
  .describe(
    "With snapshots: make a copy of the new reading although it writes sealed time again. Default: false.",
  );

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
    force,
  })
  .meta({
    id: "RebaseRequest",
    description: "A decision to read the source of a group from elsewhere.",
    examples: [{ startAt: "earliest", note: "The topic was made again." }],
  });

export const offsetImport = z
  .strictObject({
    offsets: z
      .record(z.string(), z.string())
      .optional()
      .describe(
        "The first positions to read, by partition, such as the committed offsets of a consumer group.",
      ),
    airbyteState: z
      .union([jobSchema, z.array(jobSchema)])
      .optional()
      .describe(
        "State messages of Airbyte: one of a stream, a list of them, or the older form with all streams.",
      ),
    singerState: jobSchema.optional().describe("The state of a Singer tap, with its bookmarks."),
    dltState: jobSchema.optional().describe("The state of a dlt pipeline, with its incremental cursors."),
    stream: z
      .string()
      .optional()
      .describe("The stream of the state. Default: that of the source's table, or the only one."),
    note: note(2_000).optional().describe("Why, for people. Default: the name of the tool."),
    force,
  })
  .meta({
    id: "OffsetImport",
    description: "The state in which another tool has left a source: exactly one of the four.",
    examples: [{ offsets: { "0": "1200", "1": "1187" }, note: "Taken over from the consumer group orders." }],
  });
