import { DateTime } from "luxon";
import { z } from "zod";
import { ScheduleError } from "../errors/errors.js";
import type { JsonValue } from "../job/json.js";
import type { ScheduleInfo } from "./schedule.js";

const MAX_JOB_BYTES = 65_536;
const MAX_DURATION_MS = 10 * 366 * 86_400_000;
const MAX_INSTANT = 8_640_000_000_000_000;

const durationMs = z.number().int().min(0).max(MAX_DURATION_MS);

const instant = z.union([
  z.number().int().min(-MAX_INSTANT).max(MAX_INSTANT),
  z
    .string()
    .max(64)
    .transform((text, context) => {
      const parsed = DateTime.fromISO(text, { setZone: true });
      if (parsed.isValid && /T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(text)) return parsed.toMillis();
      context.addIssue({
        code: "custom",
        message: "must be epoch ms or ISO 8601 with an offset, such as 2026-01-01T00:00:00Z",
      });
      return z.NEVER;
    }),
]);

const dst = z.union([
  z.literal("quartz"),
  z.strictObject({
    gap: z.enum(["shift", "skip"]).optional(),
    fold: z.enum(["first", "last", "both"]).optional(),
  }),
]);

const trigger = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("cron"),
    expression: z.string().min(1).max(1_000),
    flavour: z.enum(["unix", "seconds", "quartz"]).optional(),
    dst: dst.optional(),
    quirks: z.literal("quartz-2.5").optional(),
  }),
  z.strictObject({
    type: z.literal("period"),
    every: z.number().int().min(1).max(1_000_000),
    unit: z.enum(["second", "minute", "hour", "day", "week", "month", "year"]),
    anchor: z.number().int().min(-MAX_INSTANT).max(MAX_INSTANT).optional(),
    length: z.enum(["calendar", "fixed"]).optional(),
  }),
  z.strictObject({
    type: z.literal("once"),
    at: z.number().int().min(-MAX_INSTANT).max(MAX_INSTANT).optional(),
  }),
]);

const json: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

/**
 * The shape of a `ScheduleInfo`, for services that validate or document it at a door of their own. Instants come out as
 * epoch ms. `parseScheduleInfo` checks more: how deep and how long a job may be.
 */
export const scheduleInfoSchema = z.strictObject({
  groupId: z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, "must be 1 to 200 of letters, digits and _ . : -"),
  trigger,
  timezone: z.string().min(1).max(64).optional(),
  startTime: instant.optional(),
  endTime: instant.optional(),
  engine: name.optional(),
  operator: name.optional(),
  job: z.record(z.string(), json).optional(),
  mode: z.enum(["incremental", "full"]).optional(),
  boundaryType: z.literal("TIME", "only TIME boundaries are supported so far").optional(),
  delayMs: durationMs.optional(),
  fireAt: z.enum(["interval-end", "interval-start"]).optional(),
  firstInterval: z.enum(["start-time", "first-nominal-time"]).optional(),
  endRule: z.enum(["exclusive", "inclusive"]).optional(),
  catchup: z.enum(["each", "coalesce", "drop"]).optional(),
  catchupWindowMs: durationMs.optional(),
  overlap: z.enum(["queue", "allow", "coalesce-pending", "cancel-running", "drop"]).optional(),
  maxActiveRuns: z.number().int().min(1).max(1_000).optional(),
  maxAttempts: z.number().int().min(1).max(1_000).optional(),
  backoff: z.strictObject({ initialMs: durationMs.optional(), maxMs: durationMs.optional() }).optional(),
  timeoutMs: durationMs.min(1).optional(),
  onFailure: z.enum(["block", "continue", "pause"]).optional(),
  dirtyData: z
    .strictObject({
      maxRows: z.number().int().min(0).optional(),
      maxRatio: z.number().min(0).max(1).optional(),
    })
    .optional(),
  engineGraceMs: durationMs.min(1_000).optional(),
  description: z.string().max(2_000).optional(),
  labels: z
    .record(z.string().min(1).max(63), z.string().max(255))
    .refine((labels) => Object.keys(labels).length <= 32, "at most 32 labels")
    .optional(),
});

/** A `ScheduleInfo` whose shape is sound and whose instants are epoch ms. */
export type ParsedScheduleInfo = Omit<ScheduleInfo, "startTime" | "endTime"> & {
  readonly startTime?: number;
  readonly endTime?: number;
};

/** Keys that would reach an object's prototype once the JSON is merged somewhere downstream. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Checks the shape of a schedule. Its meaning (zone, expression, engine) is checked where it is known.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the path of the first offending field
 */
export function parseScheduleInfo(input: unknown): ParsedScheduleInfo {
  refuseForbiddenKeys(input, "");
  const parsed = scheduleInfoSchema.safeParse(input);
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

/** A union of all that JSON knows cannot tell where in a job something else is. */
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
