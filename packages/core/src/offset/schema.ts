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
  })
  .meta({
    id: "OffsetWatermark",
    description: "How far the source of a group has been planned: its watermark on the axis of positions.",
  });
