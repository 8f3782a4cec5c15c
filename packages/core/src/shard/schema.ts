import { z } from "zod";
import { jobMetricsSchema } from "../job/schema.js";
import { runErrorSchema } from "../run/schema.js";
import { at, maybeAt } from "../shape/field.js";

/** The schema of a `ShownShardState`. */
export const shardStateSchema = z
  .enum(["PLANNED", "SUBMITTING", "RUNNING", "REASSIGNING", "SUCCEEDED", "FAILED", "CANCELLED"])
  .meta({
    id: "ShardState",
    description:
      "The state of a shard, as of a run: `PLANNED → SUBMITTING → RUNNING → SUCCEEDED | FAILED | CANCELLED`. `REASSIGNING`: its manager is gone, and the next one will go on with it.",
  });

/** The schema of a `ListedShard`. */
export const listedShardSchema = z
  .object({
    id: z
      .string()
      .describe("Its id and the idempotency key of its jobs: a hash of its run's id, its split and its key."),
    key: z.string().describe("Names the part of the job by its content."),
    args: z.record(z.string(), z.unknown()).describe("The operator's own arguments for the part."),
    weight: z.number().describe("Its share of the work, compared with that of others."),
    state: shardStateSchema.describe("Its state."),
    openMldbState: z
      .enum(["INIT", "RUNNING", "REASSIGNING", "SUCCESS", "FAILED"])
      .describe("The state in OpenMLDB's words."),
    attempt: z
      .int()
      .describe("How often it was attempted in the attempt `runAttempt` of its run; 0 if never."),
    runAttempt: z
      .int()
      .describe(
        "The attempt of its run in which it was attempted last, counted over all retries of the run; 0 if never.",
      ),
    isJobOpen: z.boolean().describe("Whether a job of it may still be working."),
    jobId: z.string().nullable().describe("Id of its job, as the operator reported it."),
    jobAddress: z.string().nullable().describe("Address at which a person can inspect its job."),
    submittedAt: maybeAt("When its latest attempt was submitted", "if it never was"),
    startedAt: maybeAt("When its job began", "if it has not"),
    endedAt: maybeAt("When it ended", "if it has not"),
    metrics: jobMetricsSchema.nullable().describe("The metrics of its job; `null` until it has ended."),
    error: runErrorSchema.nullable().describe("Why its latest attempt failed."),
  })
  .meta({ id: "Shard", description: "A part of a run: it has a job, a state and attempts of its own." });

/** The schema of a `ShardSummary`. */
export const shardSummarySchema = z
  .object({
    plannedAt: at("When the run was split"),
    snapshotToken: z
      .string()
      .nullable()
      .describe("Names the one view of the source that all shards read, if there is one."),
    mergingAt: maybeAt("When the merge of the shards began", "if it has not"),
    count: z.int().describe("How many shards the run has."),
    states: z
      .partialRecord(shardStateSchema, z.int())
      .describe("How many shards are in each state; states of none are absent."),
    metrics: jobMetricsSchema.describe("The figures of the shards that have succeeded, added up."),
    rowsPerSecond: z
      .number()
      .nullable()
      .describe(
        "Rows that the latest attempt of the run has read, per second, as far as its shards have ended; `null` if that is not known.",
      ),
    done: z.number().describe("The share of the work that is done, by weight, from 0 to 1."),
    expectedEndAt: maybeAt(
      "When the rest will be done at the rate so far",
      "if that is not known, or nothing is left",
    ),
    slowest: z
      .string()
      .nullable()
      .describe("Key of the shard that took or takes longest; `null` if none has begun."),
  })
  .meta({ id: "ShardSummary", description: "How far the shards of a run have got." });
