import { z } from "zod";
import { LAST_INSTANT } from "../clock/clock.js";
import { optional } from "../shape/field.js";

/** The schema of a `DstPolicy`. */
export const dstPolicySchema = z.strictObject({
  gap: optional(
    z.enum(["shift", "skip"]),
    "A time in a gap: `shift` to the first instant after it, or `skip`.",
    '"shift"',
  ),
  fold: optional(
    z.enum(["first", "last", "both"]),
    "A time that occurs twice: the `first`, the `last`, or `both`.",
    '"first"',
  ),
});

const type = "How the rule is written.";
const epochMs = z.number().int().min(-LAST_INSTANT).max(LAST_INSTANT);

/** The schema of a `CronTriggerSpec`. */
export const cronTriggerSchema = z.strictObject({
  type: z.literal("cron").describe(type),
  expression: z.string().min(1).max(1_000).describe("The expression, at most 1,000 characters."),
  flavour: optional(
    z.enum(["unix", "seconds", "quartz"]),
    "The notation of the expression.",
    "`unix` for five fields, `quartz` for six with a `?` and for seven, `seconds` for six without",
  ),
  dst: optional(
    z.union([z.literal("quartz"), dstPolicySchema], {
      error: 'must be "quartz", or gap ("shift" or "skip") and fold ("first", "last" or "both")',
    }),
    'How to handle times of day that a change of the zone\'s offset removes or repeats. `"quartz"` handles these days as Quartz does: times in a gap are skipped, and of times that occur twice the last is taken, for every expression.',
    '{ gap: "shift", fold: "first" }',
  ),
  quirks: optional(
    z.enum(["quartz-2.5.0", "quartz-2.5.1", "quartz-2.5"]),
    "Repeats the defects of a version of Quartz, so that moving from it changes no instant.",
    "none",
  ),
});

/** The schema of a `PeriodTriggerSpec`. */
export const periodTriggerSchema = z.strictObject({
  type: z.literal("period").describe(type),
  every: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .describe("The number of units, an integer from 1 to 1,000,000."),
  unit: z
    .enum(["second", "minute", "hour", "day", "week", "month", "year"])
    .describe("The unit that is counted."),
  anchor: optional(
    epochMs,
    "An instant of the grid, epoch ms.",
    "the schedule's start time if one was given, else the local 1970-01-01T00:00 of the schedule's zone (for weeks 1970-01-05, a Monday). If the length is elapsed time, that is computed with the zone's offset at the schedule's start, so that every hour is on the hour",
  ),
  length: optional(
    z.enum(["calendar", "fixed"]),
    "`calendar`: days and longer are units of the zone's calendar, so a month is a month and a day with 23 hours is one day. `fixed`: a day is 24 h, a week 7 days, a month 30 days, a year 365 days (as InLong counts).",
    '"calendar"',
  ),
});

/** The schema of a `OnceTriggerSpec`. */
export const onceTriggerSchema = z.strictObject({
  type: z.literal("once").describe(type),
  at: optional(epochMs, "The time, epoch ms.", "the schedule's end time"),
});

/** The schema of a `TriggerSpec`. */
export const triggerSchema = z
  .discriminatedUnion("type", [cronTriggerSchema, periodTriggerSchema, onceTriggerSchema], {
    error: 'must have a type, which is "cron", "period" or "once"',
  })
  .meta({
    id: "Trigger",
    description: "The rule that yields a schedule's nominal times.",
    examples: [
      { type: "period", every: 1, unit: "hour" },
      { type: "cron", expression: "0 2 * * *" },
    ],
  });
