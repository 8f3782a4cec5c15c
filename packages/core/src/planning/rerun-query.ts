import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { RunOffsets } from "../offset/offset-watermark.js";
import type { BackfillSelect } from "../run/backfill.js";
import type { Run } from "../run/run.js";
import type { NominalInterval } from "../schedule/grid.js";

/** An interval to run once more, or for the first time, beside the live schedule. */
export interface RerunUnit extends NominalInterval {
  readonly intervals: number;
  /** A run that has not ended, or is about to be covered, and overlaps it, so that it cannot run now. */
  readonly underWay: Run | undefined;
  /** The positions that the run of this interval had, in a group that is read by positions. @default none */
  readonly offsets?: RunOffsets;
}

/** Adjacent intervals of the grid for which there is no run, each of them a unit. */
export interface UnrunStretch extends Interval {
  /** How many they are, at least 1. */
  readonly count: number;
  /** Yields them, oldest first. */
  units(): Iterable<RerunUnit>;
}

/** A selection of intervals to run again. */
export interface RerunQuery {
  /**
   * Everything that overlaps it runs as a whole: a run of the ledger within its own bounds, and an interval
   * of the grid. Nothing at or after the watermark runs: that belongs to the live schedule.
   */
  readonly range: Interval;
  readonly select: BackfillSelect;
  /** Only units that begin here or later, epoch ms. @default all */
  readonly from?: EpochMs;
  /** How many ledger runs to read at once, 1 to 1,000. @default 1,000 */
  readonly pageSize?: number;
}
