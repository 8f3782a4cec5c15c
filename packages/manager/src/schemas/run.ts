import { listedShardSchema, runSchema, shardSummarySchema } from "@tidegate/core/schema";
import { z } from "zod";
import { pageOf } from "./page.js";
import { note } from "./text.js";

export {
  jobMetricsSchema as jobMetrics,
  runErrorSchema as runError,
  runKindSchema as runKind,
  runLogSchema as runLog,
  runSchema as run,
  runStateSchema as runState,
  shardStateSchema as shardState,
} from "@tidegate/core/schema";

export const explanation = z
  .object({
    run: runSchema.describe("The run as it stands."),
    isWaiting: z.boolean().describe("Whether it waits for something."),
    reasons: z.array(z.string()).readonly().describe("In plain sentences, the most telling first."),
  })
  .meta({ id: "Explanation", description: "Why a run waits, or what became of it." });

export const shardPage = pageOf("ListedShards", listedShardSchema)
  .extend({
    summary: shardSummarySchema
      .nullable()
      .describe("How far all shards of the run have got; `null` if the run is not split."),
  })
  .meta({ id: "ShardPage", description: "A page of the shards of a run." });

export const readyRequest = z
  .strictObject({ note: note(2_000).optional().describe("Why, for people.") })
  .meta({
    id: "ReadyRequest",
    description: "A person's word that a run may begin.",
    examples: [{ note: "The shop was closed, so there is no file." }],
  });

export const retryRequest = z
  .strictObject({
    version: z
      .enum(["planned", "latest"])
      .optional()
      .describe(
        "The version of the schedule that carries the run out: the one that it was planned with, or the newest. Default planned.",
      ),
    force: z.boolean().optional().describe("Retry it also if its time is sealed. Default false."),
    resplit: z
      .boolean()
      .optional()
      .describe(
        "Split a run that was split into shards anew, so that all of it is done again, also the shards that have succeeded. Default false.",
      ),
  })
  .meta({ id: "RetryRequest", description: "A retry.", examples: [{ version: "latest" }] });
