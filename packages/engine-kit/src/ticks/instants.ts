import { type EngineSchedule, type EpochMs, Grid } from "@tidegate/core";

/**
 * Some nominal times, ascending, from the one before the next fire on: by these a tick that comes more often finds the
 * time that it is for.
 *
 * @param most - how many
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
