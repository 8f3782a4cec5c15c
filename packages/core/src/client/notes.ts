import type { EpochMs } from "../clock/clock.js";
import { continuation, misfireThresholdMs } from "../planning/plan-decision.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { dstNotes } from "../trigger/dst-notes.js";

const AHEAD_MS = 366 * 86_400_000;

/**
 * Returns what a person should know about a schedule: what is owed at once, its operator's notes on the job,
 * and the days of daylight saving in the next year.
 */
export function notesOf({ spec, watermark }: Schedule, now: EpochMs, jobNotes: readonly string[]): string[] {
  const days = dstNotes(spec.trigger, spec.timezone, now, now + AHEAD_MS);
  return [
    ...beginningNotes(spec, watermark, now, jobNotes),
    ...days.map(({ localDate, effect }) => `${localDate}: ${effect}`),
  ];
}

/** Returns the notes of `notesOf` except those on daylight saving. */
export function beginningNotes(
  spec: ScheduleSpec,
  watermark: EpochMs,
  now: EpochMs,
  jobNotes: readonly string[],
): string[] {
  return [
    ...startNotes(spec, watermark),
    ...owedNotes(spec, watermark, now),
    ...windowNotes(spec),
    ...jobNotes,
  ];
}

function startNotes({ startTime }: ScheduleSpec, watermark: EpochMs): string[] {
  if (startTime <= watermark) return [];
  const [from, to] = [watermark, startTime].map((instant) => new Date(instant).toISOString());
  return [`The schedule starts after its ledger ends: nothing runs between ${from} and ${to}.`];
}

function owedNotes(spec: ScheduleSpec, watermark: EpochMs, now: EpochMs): string[] {
  const grid = new Grid(spec);
  const owed = grid.due(continuation(grid, watermark), now - 1);
  if (owed === undefined || (owed.count === 1 && spec.catchup !== "each")) return [];
  const count = `${owed.count.toLocaleString("en-US")} interval${owed.count === 1 ? "" : "s"}`;
  const isMerged = spec.overlap === "coalesce-pending" || spec.overlap === "cancel-running";
  const each = isMerged ? "in one run" : "a run each";
  const fate = { each, coalesce: "in one run", drop: "of which the newest runs" }[spec.catchup];
  const since = new Date(watermark).toISOString();
  return [
    `Intervals from ${since} until now are planned immediately (catchup: ${spec.catchup}): ${count}, ${fate}.`,
  ];
}

function windowNotes(spec: ScheduleSpec): string[] {
  const thresholdMs = misfireThresholdMs(spec);
  if (spec.catchupWindowMs === null || spec.catchupWindowMs >= thresholdMs) return [];
  return [
    `catchupWindowMs: ${spec.catchupWindowMs} ms is shorter than a fire may be late; an interval is given up when it is planned more than ${thresholdMs} ms late (twice engineGraceMs).`,
  ];
}
