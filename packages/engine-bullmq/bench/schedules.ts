import type { EngineSchedule, ScheduleSpec } from "@tidegate/core";

/** So many schedules of one period, their first fires spread over it, from `startAt` on. */
export function spreadSchedules(count: number, periodMs: number, startAt: number): EngineSchedule[] {
  return Array.from({ length: count }, (_, index) => ({
    groupId: `group-${index}`,
    version: 1,
    // All that an engine reads of a specification.
    spec: { delayMs: 0 } as ScheduleSpec,
    nextFireAt: startAt + Math.floor((index * periodMs) / count),
  }));
}

/** The value below which this share of all lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
