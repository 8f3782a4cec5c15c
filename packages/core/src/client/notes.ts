import type { EpochMs } from "../clock/clock.js";
import { nextFireAt } from "../planning/plan-decision.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { dstNotes } from "../trigger/dst-notes.js";

const AHEAD_MS = 366 * 86_400_000;

/**
 * What a person should know of a schedule: what is owed at once, what its operator says of the job, and the days of
 * daylight saving in the next year.
 */
export function notesOf({ spec, watermark }: Schedule, now: EpochMs, jobNotes: readonly string[]): string[] {
  const days = dstNotes(spec.trigger, spec.timezone, now, now + AHEAD_MS);
  const notes = [...jobNotes, ...days.map(({ localDate, effect }) => `${localDate}: ${effect}`)];
  const isOwed = (nextFireAt(new Grid(spec), watermark) ?? now) < now;
  if (spec.catchup === "each" && isOwed) {
    const since = new Date(watermark).toISOString();
    notes.unshift(`What lies between ${since} and now is owed at once (catchup: each).`);
  }
  if (spec.startTime > watermark) {
    const [from, to] = [watermark, spec.startTime].map((instant) => new Date(instant).toISOString());
    notes.unshift(`The schedule starts after its ledger ends: nothing runs between ${from} and ${to}.`);
  }
  return notes;
}
