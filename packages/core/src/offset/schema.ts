import { z } from "zod";
import { instant } from "../schedule/instant.js";
import { at } from "../shape/field.js";

const position = z.string().max(10_000);

/** Its keys are a provider's partitions. */
const vector = z.record(z.string().min(1).max(1_000), position).readonly();

const START_AT = 'must be "earliest", "latest", { time } with an instant, or { offsets } by partition';

/** The schema of a `StartAt`. */
export const startAtSchema = z.union(
  [
    z.enum(["earliest", "latest"]),
    z.strictObject({
      time: instant.describe("The first positions whose records are not before this instant."),
    }),
    z.strictObject({
      offsets: vector.describe("By partition; one that it lacks begins at its earliest position."),
    }),
  ],
  { error: START_AT },
);

/** The schema of a `StoredStartAt`. */
export const storedStartAtSchema = z.union([
  z.enum(["earliest", "latest"]),
  z.object({ time: at("The first positions whose records are not before this instant") }),
  z.object({ offsets: vector.describe("By partition; one that it lacks begins at its earliest position.") }),
]);

const amount = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** The schema of an `OffsetLimit`. */
export const offsetLimitSchema = z
  .strictObject({
    records: amount.optional().describe("Most records of a run, at least 1."),
    bytes: amount.optional().describe("Most bytes of a run, at least 1."),
    maxRuns: z
      .number()
      .int()
      .min(1)
      .max(1_000)
      .optional()
      .describe("Most runs that one fire plans, 1 to 1,000. Default: 100."),
  })
  .refine(({ records, bytes }) => records !== undefined || bytes !== undefined, "needs records or bytes");

/** The schema of an `OffsetBatch`. */
export const offsetBatchSchema = z.strictObject({
  records: amount.describe(
    "Fewest records of a run, at least 1, as far as the source knows how many there are.",
  ),
  orMs: z
    .number()
    .int()
    .min(1)
    .max(366 * 86_400_000)
    .describe("How long after the first of them was found they are read in any case, ms, at least 1."),
});

const offsets = z.record(z.string(), z.string()).readonly();

/** The schema of a `RunOffsets`. */
export const runOffsetsSchema = z
  .object({
    incarnation: z.string().describe("The life of the source, as its provider names it."),
    epoch: z
      .int()
      .describe("The reading of the source that it belongs to: 1 for the first, one more with each rebase."),
    lower: offsets.describe("Inclusive lower bound, by partition."),
    upper: offsets.describe("Exclusive upper bound, by partition."),
  })
  .meta({
    id: "RunOffsets",
    description:
      "Positions of a source that a run stands for: `[lower, upper)` in each partition of `upper`.",
    examples: [{ incarnation: "orders-7f3a", epoch: 1, lower: { "0": "120" }, upper: { "0": "180" } }],
  });

/** The schema of a `Rebase`. */
export const rebaseSchema = z
  .object({
    at: at("When it was made"),
    note: z.string().describe("Why, for people."),
    incarnation: z
      .string()
      .nullable()
      .describe("The life of the source that was read before; `null` if none was."),
    position: offsets.describe("Up to which positions it had been planned."),
  })
  .meta({ id: "Rebase", description: "A person's decision to read a source from elsewhere." });

/** The schema of an `OffsetWatermark`. */
export const offsetWatermarkSchema = z
  .object({
    incarnation: z
      .string()
      .describe(
        "The life of the source, as its provider names it: positions of another one mean other data.",
      ),
    epoch: z
      .int()
      .describe(
        "1 for the first reading of the source, one more with each rebase: ranges of runs tile within one.",
      ),
    origin: offsets.describe("The positions at which the reading began, by partition."),
    position: offsets.describe(
      "The exclusive upper bound up to which positions have been planned, by partition.",
    ),
    latest: offsets.describe("The end of the source when it was last looked at, by partition."),
    lookedAt: at("When that was"),
    rebase: rebaseSchema
      .nullable()
      .describe("The rebase with which this reading began; `null` for the first."),
    needsSnapshot: z
      .boolean()
      .optional()
      .describe(
        "Whether the next run is to be a snapshot, since nothing of this reading is planned. Default: false.",
      ),
    emptyTicks: z.int().optional().describe("How many looks in a row have found nothing new. Default: 0."),
    dataAt: z
      .int()
      .optional()
      .describe(
        "When a look found something new last, epoch ms, if the schedule has `expectData`; absent before the first.",
      ),
    batchSince: z
      .int()
      .optional()
      .describe(
        "Since when something waits to be read until there is enough (`batchUntil`), epoch ms. Default: nothing does.",
      ),
    headroomMs: z
      .int()
      .optional()
      .describe(
        "How long after the last look positions that are still to be read stay readable, ms, at the rate at which the source let go of others, or filled; absent if it lets go of none, or that is not known yet.",
      ),
    expiry: z
      .array(
        z.object({
          at: at("When it was looked at"),
          earliest: offsets.describe("The first positions that could be read, by partition."),
        }),
      )
      .readonly()
      .optional()
      .describe(
        "The earliest positions after each of the last times that they moved, oldest first. Default: they have not.",
      ),
    growth: z
      .array(
        z.object({
          at: at("When it was looked at"),
          written: z.string().describe("How much it had taken in, in a unit of its own."),
        }),
      )
      .readonly()
      .optional()
      .describe(
        "How much a source that lets go when it is full had taken in at some of the last looks, oldest first. Default: it does not tell.",
      ),
  })
  .meta({
    id: "OffsetWatermark",
    description: "How far the source of a group has been planned: its watermark on the axis of positions.",
  });
