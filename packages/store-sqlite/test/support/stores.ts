import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewRun, NewSchedule, ScheduleSpec } from "@tidegate/core";

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

/** A directory for one test; `remove` takes it away again. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "tidegate-sqlite-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** An hourly schedule as a user of the store inserts it. */
export function newSchedule(groupId: string): NewSchedule {
  const spec: ScheduleSpec = {
    groupId,
    trigger: { type: "period", every: 1, unit: "hour" },
    timezone: "UTC",
    startTime: START,
    endTime: null,
    engine: "embedded",
    operator: "noop",
    job: {},
    mode: "incremental",
    boundaryType: "TIME",
    delayMs: 0,
    fireAt: "interval-end",
    firstInterval: "start-time",
    endRule: "exclusive",
    catchup: "each",
    catchupWindowMs: null,
    overlap: "queue",
    maxActiveRuns: 16,
    maxAttempts: 3,
    backoff: { initialMs: 1_000, maxMs: 300_000 },
    timeoutMs: null,
    onFailure: "block",
    dirtyData: null,
    engineGraceMs: 30_000,
    description: "",
    labels: {},
  };
  return {
    spec,
    status: "REGISTERED",
    origin: START,
    watermark: START,
    nextFireAt: START + HOUR_MS,
    laneWidth: 1,
    tzdata: "2026a",
    createdAt: START,
  };
}

/** The n-th hourly run of a group. */
export function newRun(groupId: string, index: number): NewRun {
  const lower = START + index * HOUR_MS;
  return {
    id: `${(lower + HOUR_MS).toString(16).padStart(12, "0")}${Buffer.from(groupId).toString("hex").padEnd(20, "0").slice(0, 20)}`,
    groupId,
    kind: "SCHEDULED",
    lower,
    upper: lower + HOUR_MS,
    generation: 0,
    intervals: 1,
    scheduledTime: lower + HOUR_MS,
    state: "PLANNED",
    reason: null,
    scheduleVersion: 1,
    backfillId: null,
    plannedAt: lower + HOUR_MS,
  };
}

/** The commit that plans the n-th hourly run. */
export function planOf(groupId: string, index: number) {
  const run = newRun(groupId, index);
  return {
    groupId,
    version: 1,
    watermark: run.lower,
    newWatermark: run.upper,
    nextFireAt: run.upper + HOUR_MS,
    plannedAt: run.plannedAt,
    runs: [run],
  };
}
