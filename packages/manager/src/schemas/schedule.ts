import { scheduleInfoSchema } from "@tidegate/core";
import { z } from "zod";
import { backfill } from "./backfill.js";
import { epochMs, interval } from "./interval.js";
import { run, runReason, runState } from "./run.js";

const { shape } = scheduleInfoSchema;

/** What core looks into itself: any JSON object. */
const job = z.record(z.string(), z.unknown());

export const groupId = shape.groupId;

/** A schedule as a user defines it; core's own schema. */
export const definition = scheduleInfoSchema.extend({ job: job.optional() });

/** A definition whose group is in the path. */
export const groupDefinition = definition.omit({ groupId: true });

export const scheduleStatus = z.enum([
  "REGISTERING",
  "REGISTERED",
  "FAILED",
  "PAUSED",
  "DELETING",
  "DELETED",
]);

/** A definition with all defaults filled in, as core's `ScheduleSpec`. */
export const scheduleSpec = z.object({
  groupId: z.string(),
  trigger: shape.trigger,
  timezone: z.string(),
  startTime: epochMs,
  endTime: epochMs.nullable(),
  engine: z.string(),
  operator: z.string(),
  job,
  mode: shape.mode.unwrap(),
  boundaryType: z.enum(["TIME", "OFFSET"]),
  delayMs: z.number(),
  fireAt: shape.fireAt.unwrap(),
  firstInterval: shape.firstInterval.unwrap(),
  endRule: shape.endRule.unwrap(),
  catchup: shape.catchup.unwrap(),
  catchupWindowMs: z.number().nullable(),
  overlap: shape.overlap.unwrap(),
  maxActiveRuns: z.int(),
  maxAttempts: z.int(),
  backoff: z.object({ initialMs: z.number(), maxMs: z.number() }),
  timeoutMs: z.number().nullable(),
  onFailure: shape.onFailure.unwrap(),
  dirtyData: z.object({ maxRows: z.number().optional(), maxRatio: z.number().optional() }).nullable(),
  engineGraceMs: z.number(),
  description: z.string(),
  labels: z.record(z.string(), z.string()),
});

export const schedule = z.object({
  spec: scheduleSpec,
  version: z.int(),
  status: scheduleStatus,
  statusReason: z.string().nullable(),
  incarnation: z.string(),
  origin: epochMs,
  watermark: epochMs,
  nextFireAt: epochMs.nullable(),
  admittedRuns: z.int(),
  waitingRuns: z.int(),
  blockingRuns: z.int(),
  createdAt: epochMs,
  updatedAt: epochMs,
});

export const scheduleVersion = z.object({
  version: z.int(),
  spec: scheduleSpec,
  tzdata: z.string(),
  since: epochMs,
  createdAt: epochMs,
});

export const registered = z.object({ schedule, notes: z.array(z.string()).readonly() });

export const preview = z.object({
  intervals: z.array(interval.extend({ scheduledTime: epochMs, fireAt: epochMs })).readonly(),
  notes: z.array(z.string()).readonly(),
});

export const description = z.object({
  schedule,
  notes: z.array(z.string()).readonly(),
  versions: z.array(scheduleVersion).readonly(),
  counts: z.object({
    byState: z.record(runState, z.int()),
    byReason: z.partialRecord(runReason, z.int()),
    late: z.int(),
  }),
  active: z.array(run).readonly(),
  notRun: z.array(run).readonly(),
  backfills: z.array(backfill).readonly(),
  next: preview,
});
