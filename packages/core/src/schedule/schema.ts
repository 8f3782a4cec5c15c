import { z } from "zod";
import { LAST_INSTANT } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { JsonValue } from "../job/json.js";
import { instant, withoutDate } from "./instant.js";
import { LOCAL_TIME } from "./not-before.js";
import type { ScheduleInfo } from "./schedule.js";

const MAX_JOB_BYTES = 65_536;
const MAX_DURATION_MS = 10 * 366 * 86_400_000;

const durationMs = z.number().int().min(0).max(MAX_DURATION_MS);

const epochMs = z.number().int().min(-LAST_INSTANT).max(LAST_INSTANT);

const dst = z.union(
  [
    z.literal("quartz"),
    z.strictObject({
      gap: z
        .enum(["shift", "skip"])
        .optional()
        .describe(
          "A time that does not exist: moved to the first instant after it, or left out. Default: `shift`.",
        ),
      fold: z
        .enum(["first", "last", "both"])
        .optional()
        .describe("Which of a time that comes twice fires. Default: `first`."),
    }),
  ],
  { error: 'must be "quartz", or gap ("shift" or "skip") and fold ("first", "last" or "both")' },
);

const triggerType = "How the rule is written.";

const trigger = z.discriminatedUnion(
  "type",
  [
    z.strictObject({
      type: z.literal("cron").describe(triggerType),
      expression: z.string().min(1).max(1_000).describe("The expression, in the schedule's time zone."),
      flavour: z
        .enum(["unix", "seconds", "quartz"])
        .optional()
        .describe("How the expression is read. By default its number of fields says so."),
      dst: dst
        .optional()
        .describe("What happens to times that a change of the zone's offset removes or repeats."),
      quirks: z
        .enum(["quartz-2.5.0", "quartz-2.5.1", "quartz-2.5"])
        .optional()
        .describe("Also repeats what this version of Quartz gets wrong in the day of month."),
    }),
    z.strictObject({
      type: z.literal("period").describe(triggerType),
      every: z.number().int().min(1).max(1_000_000).describe("How many units."),
      unit: z
        .enum(["second", "minute", "hour", "day", "week", "month", "year"])
        .describe("The unit that is counted."),
      anchor: epochMs
        .optional()
        .describe("An instant of the grid, epoch ms. Default: the start time when one was given, else 1970."),
      length: z
        .enum(["calendar", "fixed"])
        .optional()
        .describe("Whether days and longer are the calendar's, or of 24 hours each. Default: `calendar`."),
    }),
    z.strictObject({
      type: z.literal("once").describe(triggerType),
      at: epochMs.optional().describe("The time, epoch ms. Default: the schedule's end time."),
    }),
  ],
  { error: 'must have a type, which is "cron", "period" or "once"' },
);

const json: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

const notBefore = z.union(
  [
    z.strictObject({ afterMs: durationMs.describe("So long after the interval's end, ms.") }),
    z.strictObject({
      at: z
        .string()
        .regex(LOCAL_TIME)
        .describe("A local time of the day on which the interval ends: HH:MM or HH:MM:SS."),
      days: z.number().int().min(0).max(366).optional().describe("So many days later. Default: 0."),
    }),
  ],
  { error: 'must be { afterMs } in ms, or { at } with a local time such as "06:00", and days from 0 to 366' },
);

/**
 * The schema of a `ScheduleInfo`, for services that validate or document it at their own endpoints. Instants
 * parse to epoch ms. A `ScheduleSpec` matches it too, so that a specification that was read can be registered
 * again. `parseScheduleInfo` also checks how deep and how long a job may be.
 */
export const scheduleInfoSchema = z.strictObject({
  groupId: z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be 1 to 200 of letters, digits and _ . : -"),
  trigger,
  timezone: z.string().min(1).max(64).optional(),
  startTime: instant.optional(),
  endTime: instant.nullish(),
  engine: name.optional(),
  operator: name.optional(),
  job: z.record(z.string(), json).optional(),
  mode: z.enum(["incremental", "full"]).optional(),
  boundaryType: z.literal("TIME", "only TIME boundaries are supported so far").optional(),
  delayMs: durationMs.optional(),
  notBefore: notBefore.nullish(),
  gates: z
    .record(name, json)
    .refine((gates) => Object.keys(gates).length <= 16, "at most 16 gates")
    .optional(),
  fireAt: z.enum(["interval-end", "interval-start"]).optional(),
  firstInterval: z.enum(["start-time", "first-nominal-time"]).optional(),
  endRule: z.enum(["exclusive", "inclusive"]).optional(),
  catchup: z.enum(["each", "coalesce", "drop"]).optional(),
  catchupWindowMs: durationMs.nullish(),
  overlap: z.enum(["queue", "allow", "coalesce-pending", "cancel-running", "drop"]).optional(),
  maxActiveRuns: z.number().int().min(1).max(1_000).optional(),
  maxAttempts: z.number().int().min(1).max(1_000).optional(),
  backoff: z
    .strictObject({
      initialMs: durationMs.optional().describe("The wait after the first attempt, ms. Default: 1,000."),
      maxMs: durationMs.optional().describe("The longest wait, ms. Default: 300,000."),
    })
    .optional(),
  timeoutMs: durationMs.min(1).nullish(),
  onFailure: z.enum(["block", "continue", "pause"]).optional(),
  dirtyData: z
    .strictObject({
      maxRows: z.number().int().min(0).optional().describe("Most rejected rows of a run."),
      maxRatio: z.number().min(0).max(1).optional().describe("Largest share of rejected rows, 0 to 1."),
    })
    .nullish(),
  engineGraceMs: durationMs.min(1_000).optional(),
  description: z.string().max(2_000).optional(),
  labels: z
    .record(z.string().min(1).max(63), z.string().max(255))
    .refine((labels) => Object.keys(labels).length <= 32, "at most 32 labels")
    .optional(),
});

/** A `ScheduleInfo` that matches the schema, with instants as epoch ms. */
export type ParsedScheduleInfo = Omit<ScheduleInfo, "startTime" | "endTime"> & {
  readonly startTime?: number;
  readonly endTime?: number | null;
};

/** Keys that would reach an object's prototype if the JSON is merged somewhere downstream. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Checks the shape of a schedule. Its meaning (zone, expression, engine) is checked elsewhere, where it is
 * known.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the path of the first offending field
 */
export function parseScheduleInfo(input: unknown): ParsedScheduleInfo {
  refuseForbiddenKeys(input, "");
  const parsed = scheduleInfoSchema.safeParse(withoutDates(input));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const field = fieldOf(issue);
    if (issue.code === "invalid_union" && field.startsWith("job."))
      refuseWhatIsNoJson((input as ScheduleInfo).job, "job");
    throw new ScheduleError("SCHEDULE_INVALID", `${field || "schedule"}: ${issue.message}.`, { field });
  }
  const { job } = parsed.data;
  if (job !== undefined && JSON.stringify(job).length > MAX_JOB_BYTES) {
    throw new ScheduleError("SCHEDULE_INVALID", `job: must not be longer than ${MAX_JOB_BYTES} characters.`, {
      field: "job",
    });
  }
  return parsed.data as ParsedScheduleInfo;
}

/** Only code can pass a `Date`, so the schema, which describes JSON, need not know about it. */
function withoutDates(input: unknown): unknown {
  if (typeof input !== "object" || input === null) return input;
  const instants = ["startTime", "endTime"].filter(
    (key) => (input as Record<string, unknown>)[key] instanceof Date,
  );
  if (instants.length === 0) return input;
  const plain = instants.map((key) => [key, withoutDate((input as Record<string, unknown>)[key])]);
  return { ...input, ...Object.fromEntries(plain) };
}

/** A union of all JSON types cannot report where in a job a value of another type is. */
function refuseWhatIsNoJson(value: unknown, field: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value))
    return;
  if (typeof value !== "object") {
    throw new ScheduleError("SCHEDULE_INVALID", `${field}: must be JSON, and ${String(value)} is not.`, {
      field,
    });
  }
  for (const [key, child] of Object.entries(value)) refuseWhatIsNoJson(child, `${field}.${key}`);
}

function fieldOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  return path.map(String).join(".");
}

function refuseForbiddenKeys(value: unknown, path: string, depth = 0): void {
  if (typeof value !== "object" || value === null) return;
  if (depth > 32) {
    throw new ScheduleError("SCHEDULE_INVALID", `${path}: nested deeper than 32 levels.`, { field: path });
  }
  for (const key of Object.keys(value)) {
    const field = path === "" ? key : `${path}.${key}`;
    if (FORBIDDEN_KEYS.has(key)) {
      throw new ScheduleError("SCHEDULE_INVALID", `${field}: this key is not allowed.`, { field });
    }
    refuseForbiddenKeys((value as Record<string, unknown>)[key], field, depth + 1);
  }
}
