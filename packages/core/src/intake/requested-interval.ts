import type { EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import { FIRST_INSTANT } from "../interval/boundaries.js";
import type { CutInterval, LedgerCuts } from "../planning/ledger-cuts.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import type { Callback } from "./callback.js";

/** The fields of a callback that say which interval is meant. */
export type Asked = Pick<Callback, "scheduledTime" | "lowerBoundary" | "upperBoundary">;

/**
 * Returns the interval that a scheduler means: the one with its boundaries, or else the latest that is due at
 * its scheduled time, or else the latest that is due now. Pure.
 *
 * @param watermark - where the ledger continues: an interval that begins there is the schedule's own, even if
 * an update has moved the grid
 * @returns `undefined` if none is due by then
 * @throws LedgerError INTERVAL_INVALID, INTERVAL_NOT_ALIGNED
 */
export function requestedInterval(
  grid: Grid,
  watermark: EpochMs,
  delayMs: number,
  asked: Asked,
  now: EpochMs,
): NominalInterval | undefined {
  const { lowerBoundary: lower, upperBoundary: upper, scheduledTime } = asked;
  if (lower == null || upper == null) return latestDue(grid, scheduledTime ?? now - delayMs);
  refuseEmpty(asked);
  const interval = grid.isCut(lower) || lower === watermark ? grid.next(lower) : undefined;
  if (interval?.upper === upper) return interval;
  throw new LedgerError(
    "INTERVAL_NOT_ALIGNED",
    `lowerBoundary, upperBoundary: not an interval of the schedule.${nearest(grid, upper)}`,
    { field: "lowerBoundary" },
  );
}

/**
 * Returns the interval that a scheduler means if the ledger has passed it, as it was cut: by the version that was in
 * effect then, which the scheduler may have fired for before it heard of an update. Pure.
 *
 * @returns `undefined` if its boundaries are not those of an interval of the ledger
 */
export function intervalPassed(cuts: LedgerCuts, asked: Asked, nominal: EpochMs): CutInterval | undefined {
  const { lowerBoundary: lower, upperBoundary: upper } = asked;
  if (lower == null || upper == null) return cuts.lastUpTo(nominal);
  const interval = cuts.notAfter(lower) === lower ? cuts.next(lower) : undefined;
  return interval?.upper === upper ? interval : undefined;
}

/**
 * Returns the interval that a scheduler means if it lies before the ledger's beginning, on the grid as if the
 * schedule had always existed; otherwise `undefined`.
 *
 * @throws LedgerError INTERVAL_INVALID, INTERVAL_NOT_ALIGNED
 */
export function intervalBefore({ spec, origin }: Schedule, asked: Asked): NominalInterval | undefined {
  const instant = asked.upperBoundary ?? asked.scheduledTime;
  if (instant == null || instant > origin) return undefined;
  const endless = new Grid({ ...spec, startTime: FIRST_INSTANT, firstInterval: "first-nominal-time" });
  const interval = requestedInterval(endless, origin, spec.delayMs, asked, instant);
  return interval !== undefined && interval.upper <= origin ? interval : undefined;
}

/** @throws LedgerError INTERVAL_INVALID */
export function refuseEmpty({ lowerBoundary, upperBoundary }: Asked): void {
  if (lowerBoundary == null || upperBoundary == null || lowerBoundary < upperBoundary) return;
  throw new LedgerError("INTERVAL_INVALID", "lowerBoundary: must be before upperBoundary.", {
    field: "lowerBoundary",
  });
}

/** Returns the latest interval whose nominal time is not after `instant`. */
function latestDue(grid: Grid, instant: EpochMs): NominalInterval | undefined {
  const closed = grid.lastClosed(instant);
  const lower = closed?.upper ?? grid.origin();
  const following = lower === undefined ? undefined : grid.next(lower);
  return following !== undefined && following.scheduledTime <= instant ? following : closed;
}

function nearest(grid: Grid, upper: EpochMs): string {
  const closed = grid.lastClosed(upper);
  if (closed === undefined) return "";
  return ` The nearest before is [${new Date(closed.lower).toISOString()}, ${new Date(closed.upper).toISOString()}).`;
}
