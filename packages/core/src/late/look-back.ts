import type { EpochMs } from "../clock/clock.js";
import type { Reread } from "../planning/rereads.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import { offsetsOf } from "../schedule/lookback.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";

/** Most intervals whose lookbacks are decided at once. */
const MOST_FIRES = 1_000;

/** A new interval and the earlier ones that it has read again. */
export interface LookbackFire {
  /** The end of the new interval, epoch ms: the cursor once it is done. */
  readonly upper: EpochMs;
  /** Earlier intervals, as they are due to be read again by now. */
  readonly rereads: readonly Reread[];
}

/** The lookbacks that are due, and when the next one is. */
export interface DueLookbacks {
  /** Oldest first; each repeats none of the others' intervals with the same instant. */
  readonly fires: readonly LookbackFire[];
  /** When the next interval is due, epoch ms; `null` if no interval has any more to be read again for. */
  readonly nextAt: EpochMs | null;
}

/**
 * Returns the lookbacks that follow from intervals which have been planned since the cursor. After the
 * schedule's end the grid goes on by the clock, until the last interval has been read again as often as all others.
 * Pure.
 *
 * @param cursor - the end of the last interval whose lookbacks have been begun, epoch ms
 */
export function dueLookbacks(schedule: Schedule, cursor: EpochMs, now: EpochMs): DueLookbacks {
  const { spec, origin, watermark, nextFireAt } = schedule;
  const { lookback } = spec;
  if (lookback == null) return { fires: [], nextAt: null };
  const offsets = offsetsOf(lookback);
  const furthest = offsets.at(-1)!;
  const grid = new EndlessGrid(spec);
  const hasEnded = nextFireAt === null && spec.endTime !== null;
  const lastUpper = hasEnded ? grid.step(watermark, furthest) : Number.POSITIVE_INFINITY;
  const all: NominalInterval[] = intervalsBefore(grid, cursor, furthest, origin);
  const fires: LookbackFire[] = [];
  let next = grid.next(cursor);
  while (next !== undefined && next.upper <= lastUpper && fires.length < MOST_FIRES) {
    const isPlanned = next.upper <= watermark || (hasEnded && grid.fireAt(next) <= now);
    if (!isPlanned) break;
    all.push(next);
    const since = grid.fireAt(next);
    const index = all.length - 1;
    const rereads = offsets.flatMap((offset) => {
      const earlier = all[index - offset];
      // Intervals after the end are those of the grid alone.
      if (earlier === undefined || earlier.lower >= watermark) return [];
      return [{ lower: earlier.lower, upper: earlier.upper, since }];
    });
    fires.push({ upper: next.upper, rereads });
    next = grid.next(next.upper);
  }
  const isOver = next === undefined || next.upper > lastUpper;
  return { fires, nextAt: isOver ? null : grid.fireAt(next!) };
}

/** Returns the last intervals before an instant, oldest first, as far as the ledger reaches. */
function intervalsBefore(
  grid: EndlessGrid,
  instant: EpochMs,
  count: number,
  origin: EpochMs,
): NominalInterval[] {
  const found: NominalInterval[] = [];
  let upper = instant;
  while (found.length < count && upper > origin) {
    const interval = grid.lastClosed(upper);
    if (interval === undefined || interval.lower < origin) break;
    found.unshift(interval);
    upper = interval.lower;
  }
  return found;
}

/** A schedule's grid, which goes on after its end. */
class EndlessGrid {
  readonly #within: Grid;
  readonly #beyond: Grid;
  readonly #endTime: EpochMs;

  constructor(spec: ScheduleSpec) {
    this.#within = new Grid(spec);
    this.#beyond = new Grid({ ...spec, endTime: spec.trigger.type === "once" ? spec.endTime : null });
    this.#endTime = spec.endTime ?? Number.POSITIVE_INFINITY;
  }

  next(lower: EpochMs): NominalInterval | undefined {
    return lower < this.#endTime ? this.#within.next(lower) : this.#beyond.next(lower);
  }

  lastClosed(instant: EpochMs): NominalInterval | undefined {
    const beyond = instant > this.#endTime ? this.#beyond.lastClosed(instant) : undefined;
    if (beyond === undefined || beyond.upper <= this.#endTime) return this.#within.lastClosed(instant);
    return { ...beyond, lower: Math.max(beyond.lower, this.#endTime) };
  }

  step(instant: EpochMs, count: number): EpochMs {
    return this.#beyond.step(instant, count);
  }

  fireAt(interval: NominalInterval): EpochMs {
    return this.#within.fireAt(interval);
  }
}
