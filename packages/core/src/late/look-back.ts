import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { LedgerCuts } from "../planning/ledger-cuts.js";
import type { Reread } from "../planning/rereads.js";
import { offsetsOf } from "../schedule/lookback.js";
import type { Schedule } from "../schedule/schedule.js";

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
 * @param cuts - those of the schedule's ledger: intervals are counted as they were planned
 * @param cursor - the end of the last interval whose lookbacks have been begun, epoch ms
 */
export function dueLookbacks(
  schedule: Schedule,
  cuts: LedgerCuts,
  cursor: EpochMs,
  now: EpochMs,
): DueLookbacks {
  const { spec, origin, watermark, nextFireAt } = schedule;
  const { lookback } = spec;
  if (lookback == null) return { fires: [], nextAt: null };
  const offsets = offsetsOf(lookback);
  const furthest = offsets.at(-1)!;
  const hasEnded = nextFireAt === null && spec.endTime !== null;
  const lastUpper = hasEnded ? behind(cuts, watermark, furthest) : Number.POSITIVE_INFINITY;
  // After an end that has been put off, it may lie within an interval.
  const from = cuts.notAfter(cursor);
  const all = intervalsBefore(cuts, from, furthest, origin);
  const fires: LookbackFire[] = [];
  let next = cuts.next(from);
  while (next !== undefined && next.upper <= lastUpper && fires.length < MOST_FIRES) {
    const since = next.dueAt;
    const isPlanned = next.upper <= watermark || (hasEnded && since <= now);
    if (!isPlanned) break;
    all.push(next);
    const index = all.length - 1;
    const rereads = offsets.flatMap((offset) => {
      const earlier = all[index - offset];
      // Intervals after the end are those of the grid alone.
      if (earlier === undefined || earlier.lower >= watermark) return [];
      return [{ lower: earlier.lower, upper: earlier.upper, since }];
    });
    fires.push({ upper: next.upper, rereads });
    next = cuts.next(next.upper);
  }
  const isOver = next === undefined || next.upper > lastUpper;
  return { fires, nextAt: isOver ? null : next!.dueAt };
}

/** Returns the last intervals before a cut, oldest first, as far as the ledger reaches. */
function intervalsBefore(cuts: LedgerCuts, cut: EpochMs, count: number, origin: EpochMs): Interval[] {
  const found: Interval[] = [];
  let upper = cut;
  while (found.length < count && upper > origin) {
    const lower = cuts.notAfter(upper - 1);
    found.unshift({ lower, upper });
    upper = lower;
  }
  return found;
}

/** Returns the end of the last of some intervals that follow an instant. */
function behind(cuts: LedgerCuts, instant: EpochMs, count: number): EpochMs {
  let upper = instant;
  for (let done = 0; done < count; done += 1) upper = cuts.next(upper)?.upper ?? upper;
  return upper;
}
