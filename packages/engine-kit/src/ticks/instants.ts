import type { EpochMs } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";
import { Grid } from "@tidegate/core/trigger";

/**
 * Returns some nominal times, ascending, starting with the one before the next fire, by which a more frequent
 * tick finds the time it belongs to.
 *
 * @param most - maximum number
 */
export function instantsOf(schedule: EngineSchedule, most: number): EpochMs[] {
  const { startTime, delayMs, nextFireAt } = schedule;
  const grid = new Grid(schedule);
  const from = (nextFireAt ?? 0) - delayMs - 1;
  const instants: EpochMs[] = [];
  let interval = grid.next(Math.max(grid.lastClosed(from)?.lower ?? startTime, startTime));
  while (interval !== undefined && instants.length < most) {
    instants.push(interval.scheduledTime);
    interval = interval.upper > interval.lower ? grid.next(interval.upper) : undefined;
  }
  return instants;
}
