import { type EpochMs, LAST_INSTANT } from "../clock/clock.js";
import { messageOf, ScheduleError } from "../errors/errors.js";
import type { ScheduleSpec } from "./schedule.js";

/** A specification as read from a store. */
export interface StoredSpec {
  readonly spec: ScheduleSpec;
  /** See `Schedule.unreadable`. */
  readonly unreadable: string | null;
}

/** The facts that a store has about a schedule apart from its specification. */
export interface KnownOfSpec {
  readonly groupId: string;
  /** @default "unknown" */
  readonly engine?: string;
  /** The start of its ledger, epoch ms. @default 1970 */
  readonly origin?: EpochMs;
}

/**
 * Reads a specification from the text that a store keeps. One that is damaged, or was written by a newer
 * version of Tidegate in a form that this one does not know, yields a stand-in and the reason, so that it
 * affects no other schedule.
 */
export function readSpec(text: string, known: KnownOfSpec): StoredSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return standIn(known, messageOf(error));
  }
  return checkedSpec(value, known);
}

/** Like `readSpec`, of a value that a store keeps as it is. */
export function checkedSpec(value: unknown, known: KnownOfSpec): StoredSpec {
  const problem = problemOf(value, known.groupId);
  if (problem !== undefined) return standIn(known, problem);
  return { spec: { ...WHOLE, ...(value as ScheduleSpec) }, unreadable: null };
}

/**
 * Returns the text that a store keeps of a specification: without the fields that may be absent and are as if they were,
 * which most are in most schedules.
 */
export function writeSpec(spec: ScheduleSpec): string {
  const fields = Object.entries(spec) as [keyof ScheduleSpec, unknown][];
  return JSON.stringify(Object.fromEntries(fields.filter(([field, value]) => !isAsAbsent(field, value))));
}

/**
 * Refuses a schedule whose specification cannot be read.
 *
 * @throws ScheduleError SCHEDULE_UNREADABLE with the reason and the way out
 */
export function requireReadable({ spec, unreadable }: StoredSpec): void {
  if (unreadable === null) return;
  throw new ScheduleError("SCHEDULE_UNREADABLE", `Schedule ${spec.groupId}: ${unreadable}`);
}

function standIn(known: KnownOfSpec, problem: string): StoredSpec {
  return {
    spec: inertSpec(known),
    unreadable: `The specification cannot be read by this version of Tidegate: ${problem}. Update Tidegate, or update the schedule with its full definition.`,
  };
}

/** Returns a specification for a group without a schedule that is known: it is never due. */
export function inertSpec({ groupId, engine = "unknown", origin = 0 }: KnownOfSpec): ScheduleSpec {
  return {
    groupId,
    // Never due, in case somebody overlooks that it is not the schedule's own.
    trigger: { type: "once", at: LAST_INSTANT },
    timezone: "UTC",
    startTime: origin,
    job: {},
    mode: "incremental",
    fullEvery: null,
    resnapshotBy: null,
    boundaryType: "TIME",
    source: null,
    startAt: null,
    onEmpty: "skip",
    onLoss: "fail",
    limit: null,
    batchUntil: null,
    delayMs: 0,
    notBefore: null,
    ready: [],
    dependsOn: null,
    dependsOnPast: false,
    gates: {},
    pool: null,
    priority: 3,
    fairnessKey: null,
    fairnessWeight: 1,
    deadline: null,
    freshness: null,
    expectData: null,
    seal: null,
    lookback: null,
    onLate: "mark",
    fireAt: "interval-end",
    firstInterval: "start-time",
    endRule: "exclusive",
    catchupWindowMs: null,
    canOvertake: false,
    maxActiveRuns: 1,
    maxAttempts: 1,
    backoff: { initialMs: 1_000, maxMs: 300_000 },
    timeoutMs: null,
    onFailure: "block",
    dirtyData: null,
    verify: null,
    shards: null,
    engineGraceMs: 30_000,
    description: "",
    labels: {},
    endTime: null,
    catchup: "each",
    overlap: "queue",
    engine,
    operator: "unknown",
  };
}

type Check = (value: unknown) => boolean;

const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const isText: Check = (value) => typeof value === "string";
const isNumber: Check = (value) => typeof value === "number";
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);

/** Cheap enough for every read: what the rest of core relies on, not the limits that a registration checks. */
const CHECKS: Readonly<Record<keyof ScheduleSpec, Check>> = {
  groupId: isText,
  trigger: (value) => isObject(value) && TRIGGERS((value as { type?: unknown }).type),
  timezone: isText,
  startTime: isNumber,
  endTime: orNull(isNumber),
  engine: isText,
  operator: isText,
  job: isObject,
  mode: oneOf("incremental", "full", "full-then-incremental"),
  // Absent from specifications that were stored before there were snapshots.
  fullEvery: (value) => value == null || isObject(value),
  // Absent from specifications that were stored before it was asked for.
  resnapshotBy: (value) => value == null || oneOf("replace", "upsert")(value),
  boundaryType: oneOf("TIME", "OFFSET"),
  // Absent from specifications that were stored before there were positions.
  source: (value) => value == null || isObject(value),
  startAt: (value) => value == null || isText(value) || isObject(value),
  onEmpty: (value) => value === undefined || oneOf("skip", "run")(value),
  onLoss: (value) => value === undefined || oneOf("fail", "record", "resnapshot")(value),
  limit: (value) => value == null || isObject(value),
  batchUntil: (value) => value == null || isObject(value),
  delayMs: isNumber,
  fireAt: oneOf("interval-end", "interval-start"),
  firstInterval: oneOf("start-time", "first-nominal-time"),
  endRule: oneOf("exclusive", "inclusive"),
  catchup: oneOf("each", "coalesce", "drop"),
  catchupWindowMs: orNull(isNumber),
  overlap: oneOf("queue", "allow", "coalesce-pending", "cancel-running", "drop"),
  maxActiveRuns: isNumber,
  maxAttempts: isNumber,
  backoff: (value) => isObject(value) && Object.values(value as object).every(isNumber),
  timeoutMs: orNull(isNumber),
  onFailure: oneOf("block", "continue", "pause"),
  dirtyData: orNull(isObject),
  // Absent from specifications that were stored before there was verification.
  verify: (value) => value == null || isObject(value),
  engineGraceMs: isNumber,
  description: isText,
  labels: (value) => isObject(value) && Object.values(value as object).every(isText),
  // Absent from specifications that were stored before there were gates, or probes.
  notBefore: (value) => value == null || isText(value) || isObject(value),
  ready: (value) => value === undefined || Array.isArray(value),
  dependsOn: (value) => value == null || isObject(value),
  dependsOnPast: (value) => value === undefined || oneOf(true, false, "previous", "all")(value),
  gates: (value) => value === undefined || isObject(value),
  // Absent from specifications that were stored before there were pools.
  pool: (value) => value == null || isText(value) || Array.isArray(value),
  priority: (value) => value === undefined || isNumber(value),
  fairnessKey: (value) => value == null || isText(value),
  fairnessWeight: (value) => value === undefined || isNumber(value),
  // Absent from specifications that were stored before there were deadlines.
  deadline: (value) => value == null || isObject(value),
  freshness: (value) => value == null || isObject(value),
  expectData: (value) => value == null || isObject(value),
  seal: (value) => value == null || isObject(value),
  // Absent from specifications that were stored before there were shards.
  shards: (value) => value == null || isObject(value),
  // Absent from specifications that were stored before late data had a place.
  lookback: (value) => value == null || isObject(value),
  onLate: (value) => value === undefined || oneOf("mark", "restate", "ignore")(value),
  canOvertake: (value) => value === undefined || typeof value === "boolean",
};

const TRIGGERS = oneOf("cron", "period", "once");

/** The value that a field has which is absent from a stored specification. It must never become another one. */
const WHOLE = inertSpec({ groupId: "" });

/** The fields that are checked first, in their order; the job, which may be large, comes last. */
const CHECKED = Object.entries(CHECKS).filter(([field]) => field !== "job");

/** The fields that may be absent. */
const OPTIONAL: ReadonlySet<string> = new Set(
  Object.entries(CHECKS).flatMap(([field, check]) => (check(undefined) ? [field] : [])),
);

function isAsAbsent(field: keyof ScheduleSpec, value: unknown): boolean {
  if (!OPTIONAL.has(field)) return false;
  const absent: unknown = WHOLE[field];
  return value === absent || (isEmpty(value) && isEmpty(absent));
}

/** Returns whether a value is an array or an object without anything in it. */
function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Longest value that a reason shows, characters. */
const SHOWN = 100;

function problemOf(value: unknown, groupId: string): string | undefined {
  if (!isObject(value)) return "it is not an object";
  const spec = value as Record<string, unknown>;
  for (const [field, check] of CHECKED) {
    if (check(spec[field])) continue;
    return `${field}: ${(JSON.stringify(spec[field]) ?? "nothing").slice(0, SHOWN)} is not known`;
  }
  if (!isObject(spec.job)) return "job: is not an object";
  return spec.groupId === groupId ? undefined : `groupId: is ${JSON.stringify(spec.groupId)}`;
}
