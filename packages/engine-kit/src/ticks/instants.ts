import { type EngineSchedule, type EpochMs, Grid } from "@tidegate/core";

/**
 * Returns some nominal times, ascending, starting with the one before the next fire, by which a more frequent
 * tick finds the time it belongs to.
 *
 * @param most - maximum number
 */
export function instantsOf({ spec, nextFireAt }: EngineSchedule, most: number): EpochMs[] {
  const grid = new Grid(spec);
  const from = (nextFireAt ?? 0) - spec.delayMs - 1;
  const instants: EpochMs[] = [];
  let interval = grid.next(Math.max(grid.lastClosed(from)?.lower ?? spec.startTime, spec.startTime));
  while (interval !== undefined && instants.length < most) {
    instants.push(interval.scheduledTime);
    interval = interval.upper > interval.lower ? grid.next(interval.upper) : undefined;
  }
  return instants;
}
