import type { Clock, EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { SourceLooks } from "../planning/source-looks.js";
import { Grid } from "../schedule/grid.js";
import type { ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { instantOf } from "./ledger-input.js";
import { beginningNotes } from "./notes.js";
import {
  type Preview,
  type PreviewOptions,
  previewBegin,
  previewInSteps,
  readingOf,
  withFirstRead,
} from "./preview.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { SpecReader } from "./spec-reader.js";

/** Dependencies of `previewOf`. */
export interface PreviewSources {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly looks: SourceLooks;
  readonly providers: OffsetProviders;
}

/** Returns the upcoming intervals of a group, or of a schedule that is not registered. */
export async function previewOf(
  sources: PreviewSources,
  subject: string | ScheduleInfo<object>,
  count: number,
  { from, firstRead = false }: PreviewOptions,
): Promise<Preview> {
  if (!Number.isInteger(count) || count < 1 || count > 10_000) {
    throw new ScheduleError("SCHEDULE_INVALID", "count: must be a whole number from 1 to 10,000.", {
      field: "count",
    });
  }
  const { clock, specs, store, changes, looks, providers } = sources;
  const after = from === undefined ? undefined : instantOf(from, "from");
  const previewFrom = (spec: ScheduleSpec, earliest: EpochMs): Promise<Preview> => {
    const begin = after === undefined ? earliest : previewBegin(spec, earliest, after);
    return previewInSteps(spec, begin, count);
  };
  if (typeof subject === "string") {
    const schedule = await changes.getReadable(subject);
    const found = await previewFrom(schedule.spec, schedule.watermark);
    return firstRead ? withFirstRead(found, looks, schedule) : found;
  }
  const spec = specs.read(subject);
  const origin = new Grid(spec).origin() ?? spec.startTime;
  const { intervals, notes } = await previewFrom(spec, origin);
  const atOnce = beginningNotes(spec, origin, clock.now(), specs.notesOn(spec));
  const found = { intervals, notes: [...atOnce, ...notes] };
  if (!firstRead) return found;
  const [known] = await store.getSchedules([spec.groupId]);
  return withFirstRead(found, looks, { spec, offsets: readingOf(spec, known, providers) });
}
