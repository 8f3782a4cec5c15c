import type { z } from "zod";
import { issueWithin } from "../dependency/schema.js";
import { ScheduleError } from "../errors/errors.js";
import type { JsonObject } from "../job/json.js";
import { withoutDate } from "./instant.js";
import type { ScheduleInfo, ScheduleSpec } from "./schedule.js";
import { jobSchema, scheduleInfoSchema } from "./schema.js";

const MAX_JOB_BYTES = 65_536;

/** A `ScheduleInfo` that matches the schema, with instants as epoch ms and all other defaults filled in. */
export type ParsedScheduleInfo = Omit<ScheduleSpec, DependentDefault> &
  Partial<Pick<ScheduleSpec, DependentDefault>>;

/** The fields whose defaults depend on others, or on a schedule's surroundings. */
export type DependentDefault = "startTime" | "endTime" | "engine" | "operator" | "catchup" | "overlap";

/** Keys that would reach an object's prototype if the JSON is merged somewhere downstream. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Checks the shape of a schedule. Its meaning (zone, expression, engine) is checked elsewhere, where it is
 * known.
 *
 * @throws ScheduleError SCHEDULE_INVALID, DEPENDENCY_INVALID with the path of the first offending field
 */
export function parseScheduleInfo(input: unknown): ParsedScheduleInfo {
  refuseForbiddenKeys(input, "");
  const parsed = scheduleInfoSchema.safeParse(withoutDates(input));
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    const issue = isOfDependency(first!) ? issueWithin(first!, input) : first!;
    const field = fieldOf(issue);
    if (field.startsWith("job.")) refuseWhatIsNoJson((input as ScheduleInfo).job, "job");
    const code = isOfDependency(issue) ? "DEPENDENCY_INVALID" : "SCHEDULE_INVALID";
    throw new ScheduleError(code, `${field || "schedule"}: ${issue.message}.`, { field });
  }
  refuseLongJob(parsed.data.job);
  return parsed.data as ParsedScheduleInfo;
}

/**
 * Checks the shape of a schedule's job.
 *
 * @throws ScheduleError SCHEDULE_INVALID with the path of the first offending field
 */
export function parseJob(input: unknown): JsonObject {
  refuseForbiddenKeys(input, "job");
  const parsed = jobSchema.safeParse(input);
  if (!parsed.success) {
    refuseWhatIsNoJson(input, "job");
    const { message } = parsed.error.issues[0]!;
    throw new ScheduleError("SCHEDULE_INVALID", `job: ${message}.`, { field: "job" });
  }
  refuseLongJob(parsed.data);
  return parsed.data;
}

function refuseLongJob(job: JsonObject): void {
  if (JSON.stringify(job).length <= MAX_JOB_BYTES) return;
  throw new ScheduleError("SCHEDULE_INVALID", `job: must not be longer than ${MAX_JOB_BYTES} characters.`, {
    field: "job",
  });
}

function isOfDependency({ path }: z.core.$ZodIssue): boolean {
  return path[0] === "dependsOn" || path[0] === "dependsOnPast";
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
