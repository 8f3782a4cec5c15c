import type { EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { OffsetSize } from "../offset/offset-provider.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { OffsetRange } from "../offset/offset-vector.js";
import { continuation } from "../planning/plan-decision.js";
import type { SourceLooks } from "../planning/source-looks.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { dstNotes } from "../trigger/dst-notes.js";

/** Options of a preview. */
export interface PreviewOptions {
  /** Skips the intervals that end at this instant or before. @default none is skipped */
  readonly from?: Instant | undefined;
  /** Whether to ask the source of a group that is read by positions how much the next run would read. @default false */
  readonly firstRead?: boolean | undefined;
}

/** An upcoming interval. */
export interface PreviewInterval extends NominalInterval {
  /** Due time, delay included, epoch ms. */
  readonly fireAt: EpochMs;
}

/** Upcoming intervals of a schedule. */
export interface Preview {
  readonly intervals: readonly PreviewInterval[];
  /**
   * Days of daylight saving within the preview's first twenty years, with their effects. For a schedule that is not
   * registered, before them: what would be owed at once, and the operator's notes on the job.
   */
  readonly notes: readonly string[];
  /**
   * The positions that the next run would read if it were planned now. Absent unless it is asked for; also by boundaries
   * of time, and if the source cannot be asked, which a note says.
   */
  readonly firstRead?: FirstRead;
}

/** Positions that a run would read, and how much that is, as far as the source knows. */
export interface FirstRead extends OffsetRange, OffsetSize {}

/** How many intervals to compute before yielding to the event loop. */
const INTERVALS_AT_ONCE = 500;

/** How much of a preview is searched for days of daylight saving, ms; later years are alike. */
const NOTED_MS = 20 * 366 * 86_400_000;

/** Returns the intervals of a specification from a watermark on. Pure: stores nothing, asks no engine. */
export function previewIntervals(spec: ScheduleSpec, from: EpochMs, count: number): Preview {
  const intervals = [...upcoming(spec, from, count)];
  return { intervals, notes: notesBetween(spec, from, intervals.at(-1)?.upper ?? from) };
}

/** Like `previewIntervals`, but yields to the event loop between steps. */
export async function previewInSteps(spec: ScheduleSpec, from: EpochMs, count: number): Promise<Preview> {
  const intervals: PreviewInterval[] = [];
  for (const interval of upcoming(spec, from, count)) {
    intervals.push(interval);
    if (intervals.length % INTERVALS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { intervals, notes: notesBetween(spec, from, intervals.at(-1)?.upper ?? from) };
}

/**
 * Returns where a preview begins that is asked for from an instant on: at the beginning of the interval that it lies
 * in, but not before `earliest`.
 */
export function previewBegin(spec: ScheduleSpec, earliest: EpochMs, from: EpochMs): EpochMs {
  return Math.max(earliest, new Grid(spec).lastClosed(from)?.upper ?? earliest);
}

function* upcoming(spec: ScheduleSpec, from: EpochMs, count: number): Generator<PreviewInterval> {
  const grid = new Grid(spec);
  let lower = continuation(grid, from);
  for (let made = 0; made < count; made += 1) {
    const interval = grid.next(lower);
    if (interval === undefined) return;
    yield { ...interval, fireAt: grid.fireAt(interval) };
    if (interval.upper === lower) return;
    lower = interval.upper;
  }
}

function notesBetween({ trigger, timezone }: ScheduleSpec, from: EpochMs, to: EpochMs): string[] {
  return dstNotes(trigger, timezone, from, Math.min(to, from + NOTED_MS)).map(
    ({ localDate, effect }) => `${localDate}: ${effect}`,
  );
}

/**
 * Returns how far a schedule that is to be registered has been read: by its group, if that has the same source.
 *
 * @param known - the schedule that the group has now
 */
export function readingOf(
  { source }: ScheduleSpec,
  known: Schedule | undefined,
  providers: OffsetProviders,
): Schedule["offsets"] {
  if (known === undefined || known.unreadable !== null) return null;
  if (source === null || known.spec.source === null) return null;
  return providers.haveSameData(known.spec.source, source) ? known.offsets : null;
}

/** Adds what the next run of a schedule would read, if it is read by positions. Asks its source. */
export async function withFirstRead(
  preview: Preview,
  looks: SourceLooks,
  schedule: Pick<Schedule, "spec" | "offsets">,
): Promise<Preview> {
  if (schedule.spec.boundaryType !== "OFFSET") return preview;
  try {
    const firstRead = await looks.firstRead(schedule);
    return firstRead === undefined ? preview : { ...preview, firstRead };
  } catch (error) {
    return { ...preview, notes: [...preview.notes, `source: ${messageOf(error)}`] };
  }
}
