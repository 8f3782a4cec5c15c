import type { EpochMs } from "../clock/clock.js";
import { continuation } from "../planning/plan-decision.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { dstNotes } from "../trigger/dst-notes.js";

/** An interval to come. */
export interface PreviewInterval extends NominalInterval {
  /** When it is due, the delay included, epoch ms. */
  readonly fireAt: EpochMs;
}

/** What a schedule will do. */
export interface Preview {
  readonly intervals: readonly PreviewInterval[];
  /** Days of daylight saving within the preview, and what happens then. */
  readonly notes: readonly string[];
}

/** The intervals of a specification from a watermark on. Pure: nothing is stored, no engine asked. */
export function previewIntervals(spec: ScheduleSpec, from: EpochMs, count: number): Preview {
  const grid = new Grid(spec);
  const intervals: PreviewInterval[] = [];
  let lower = continuation(grid, from);
  while (intervals.length < count) {
    const interval = grid.next(lower);
    if (interval === undefined) break;
    intervals.push({ ...interval, fireAt: grid.fireAt(interval) });
    if (interval.upper === lower) break;
    lower = interval.upper;
  }
  const notes = dstNotes(spec.trigger, spec.timezone, from, lower).map(
    ({ localDate, effect }) => `${localDate}: ${effect}`,
  );
  return { intervals, notes };
}
