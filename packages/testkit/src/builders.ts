import type { Backfill, EpochMs, Interval, Schedule, ScheduleSpec } from "@tidegate/core";
import { parseScheduleInfo } from "@tidegate/core/schema";
import { type NewRun, type NewSchedule, type PlanCommit, runId } from "@tidegate/core/store";

/** A minute, ms: the length of the intervals that builders choose. */
export const MINUTE = 60_000;

/** Start of ledgers unless a test says otherwise: 2026-01-01T00:00:00Z. */
export const START: EpochMs = Date.UTC(2026, 0, 1);

/** The incarnation of ledgers unless a test says otherwise. */
const INCARNATION = "0123456789abcdef";

/** Returns the n-th minute of the ledger, counted from 0. */
export function minute(n: number): Interval {
  return { lower: START + n * MINUTE, upper: START + (n + 1) * MINUTE };
}

/** Returns the specification of a schedule that is due every minute. */
export function aSpec(overrides: Partial<ScheduleSpec> = {}): ScheduleSpec {
  const trigger = { type: "period", every: 1, unit: "minute", anchor: START } as const;
  const named = { groupId: "orders", trigger, engine: "embedded", operator: "duckdb" };
  return {
    catchup: "each",
    overlap: "queue",
    ...parseScheduleInfo(named),
    ...named,
    startTime: START,
    endTime: null,
    ...overrides,
  };
}

/** Overrides for a new schedule; its specification may be partial. */
export interface NewScheduleOverrides extends Partial<Omit<NewSchedule, "spec">> {
  readonly spec?: Partial<ScheduleSpec>;
}

/**
 * Returns a newly registered schedule: nothing planned, its first interval due after a minute, one live run
 * at a time.
 */
export function aNewSchedule({ spec, ...overrides }: NewScheduleOverrides = {}): NewSchedule {
  const origin = overrides.origin ?? START;
  return {
    spec: aSpec({ startTime: origin, ...spec }),
    status: "REGISTERED",
    incarnation: INCARNATION,
    origin,
    watermark: origin,
    nextFireAt: origin + MINUTE,
    laneWidth: 1,
    tzdata: "2025c",
    createdAt: origin,
    ...overrides,
  };
}

/** Returns a run of the first minute as the planner makes it. Its id is derived from its other fields. */
export function aRun(overrides: Partial<NewRun> = {}): NewRun {
  const { groupId = "orders", lower = START, upper = lower + MINUTE, generation = 0 } = overrides;
  return {
    id: runId({ namespace: "testkit", groupId, incarnation: "", lower, upper, generation }),
    groupId,
    kind: "SCHEDULED",
    lower,
    upper,
    generation,
    intervals: 1,
    scheduledTime: upper,
    state: "PLANNED",
    reason: null,
    scheduleVersion: 1,
    backfillId: null,
    operator: "duckdb",
    plannedAt: upper,
    ...overrides,
  };
}

/** Overrides for a plan commit. */
export interface PlanOverrides extends Partial<PlanCommit> {
  /** Number of runs, of a minute each. @default 1 */
  readonly count?: number;
  /** Fields that they share. */
  readonly run?: Partial<NewRun>;
}

/** Returns the commit that plans the next minutes of a schedule, given its state when read. */
export function aPlan(
  {
    spec: { groupId },
    version,
    watermark,
    incarnation = INCARNATION,
  }: Pick<Schedule, "spec" | "version" | "watermark"> & Partial<Pick<Schedule, "incarnation">>,
  { count = 1, run = {}, ...overrides }: PlanOverrides = {},
): PlanCommit {
  const newWatermark = watermark + count * MINUTE;
  const runs = Array.from({ length: count }, (_, index) =>
    aRun({ groupId, lower: watermark + index * MINUTE, scheduleVersion: version, ...run }),
  );
  return {
    groupId,
    incarnation,
    version,
    watermark,
    newWatermark,
    nextFireAt: newWatermark + MINUTE,
    plannedAt: newWatermark,
    runs,
    ...overrides,
  };
}

/** Returns a backfill of the first hour, of which nothing is planned yet. */
export function aBackfill(overrides: Partial<Backfill> = {}): Backfill {
  const { lower = START, upper = lower + 60 * MINUTE, createdAt = START } = overrides;
  return {
    id: "00000000-0000-4000-8000-000000000001",
    groupId: "orders",
    lower,
    upper,
    select: "all",
    concurrency: 2,
    cursor: lower,
    state: "RUNNING",
    reason: null,
    plannedRuns: 0,
    openRuns: 0,
    createdAt,
    updatedAt: createdAt,
    ...overrides,
  };
}
