import type { EngineSchedule } from "@tidegate/core/engine";

/** What is measured of the engine and of its reference alike. Lateness in ms. */
export interface Measured {
  readonly firesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly registeredPerSecond: number;
  readonly bytesPerSchedule: number;
}

/** So many schedules of one period, their first fires spread over it, from `startAt` on. */
export function spreadSchedules(
  count: number,
  periodMs: number,
  startAt: number,
): Pick<EngineSchedule, "groupId" | "version" | "delayMs" | "nextFireAt">[] {
  return Array.from({ length: count }, (_, index) => ({
    groupId: `group-${index}`,
    version: 1,
    delayMs: 0,
    nextFireAt: startAt + Math.floor((index * periodMs) / count),
  }));
}
