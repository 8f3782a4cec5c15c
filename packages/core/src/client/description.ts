import type { Clock, EpochMs } from "../clock/clock.js";
import { coveredThrough } from "../deadlines/covered-through.js";
import { type DeadlineRecord, OPEN_STATES } from "../deadlines/deadline-record.js";
import { messageOf } from "../errors/errors.js";
import type { Backfill } from "../run/backfill.js";
import { OPEN_RUN_STATES } from "../run/lane.js";
import type { Run } from "../run/run.js";
import type { Schedule, ScheduleVersion } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { DeadlineFilter } from "../store/deadline-table.js";
import type { Page, PageRequest } from "../store/page.js";
import type { RunTally } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { Seal } from "../store/seal-table.js";
import { dependencyNotes } from "./dependency-notes.js";
import { notesOf } from "./notes.js";
import { type Preview, previewIntervals } from "./preview.js";
import type { Seals } from "./seals.js";
import { snapshotNotes } from "./snapshot-notes.js";
import type { SpecReader } from "./spec-reader.js";
import { countUnregistered, UNREGISTERED, unregisteredNotes } from "./unregistered-runs.js";

/** Delay after its due time beyond which a planned run counts as late, ms. */
const LATE_TOLERANCE_MS = 1_000;

const NOT_RUN = ["SKIPPED", "CANCELLED", "FAILED"] as const;

/** Overview of a schedule: its state, counts, recent runs and outlook. */
export interface Description {
  readonly schedule: Schedule;
  /** The notes that `register` would return now, and which run increments wait for if a snapshot has not succeeded. */
  readonly notes: readonly string[];
  readonly versions: readonly ScheduleVersion[];
  /**
   * Counts over the whole ledger: by state, of late runs, and by reason of runs that did not go as planned.
   */
  readonly counts: RunTally;
  /** Runs that have not ended, at most 100. */
  readonly active: readonly Run[];
  /** The newest intervals that did not run, at most 100, each with its reason or error. */
  readonly notRun: readonly Run[];
  readonly backfills: readonly Backfill[];
  /**
   * The time up to which the group is covered, epoch ms: every interval before it has succeeded, or was given
   * up by a policy or a person.
   */
  readonly coveredThrough: EpochMs;
  /** End of the sealed time, epoch ms; `null` if nothing is sealed. */
  readonly sealedThrough: EpochMs | null;
  /** The last seal that a person has set, if there is one. */
  readonly seal: Seal | null;
  /** Deadlines that are at risk or missed, newest first, at most 100. */
  readonly deadlines: readonly DeadlineRecord[];
  /** The next five intervals; planned only if the schedule is not paused. */
  readonly next: Preview;
}

/** Dependencies of `describeSchedule`. */
export interface DescriptionSources {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly specs: SpecReader;
  readonly seals: Seals;
}

/** Returns the overview of a schedule. */
export async function describeSchedule(
  sources: DescriptionSources,
  schedule: Schedule,
): Promise<Description> {
  const { store, clock, specs, seals } = sources;
  const { groupId } = schedule.spec;
  const [versions, counts, active, notRun, backfills, through, deadlines, sealed, sealsSet] =
    await Promise.all([
      store.listVersions(groupId),
      store.tally(groupId, LATE_TOLERANCE_MS),
      store.listRuns({ groupId, states: OPEN_RUN_STATES }, { limit: 100 }),
      store.listRuns(
        { groupId, states: NOT_RUN, includeSuperseded: false, order: "descending" },
        { limit: 100 },
      ),
      store.listBackfills({ groupId }),
      coveredThrough(store, schedule),
      listDeadlines(store, { groupId, states: OPEN_STATES, order: "descending" }),
      seals.sealedThrough(schedule),
      store.getSeals([groupId]),
    ]);
  const unregistered =
    counts.byReason[UNREGISTERED] === undefined ? 0 : await countUnregistered(store, groupId);
  const outlook = outlookOf(schedule, clock, specs);
  const waits =
    schedule.unreadable === null
      ? [
          ...(await snapshotNotes(store, schedule, clock.now())),
          ...(await dependencyNotes(store, schedule.spec)),
        ]
      : [];
  return {
    schedule,
    ...outlook,
    notes: [...unregisteredNotes(unregistered), ...waits, ...outlook.notes],
    versions,
    counts,
    active: active.items,
    notRun: notRun.items,
    backfills,
    coveredThrough: through,
    sealedThrough: sealed,
    seal: sealsSet[0] ?? null,
    deadlines: deadlines.items,
  };
}

/** Lists deadlines as callers see them, one page at a time. */
export async function listDeadlines(
  store: Pick<ScheduleStore, "listDeadlines">,
  filter: DeadlineFilter,
  page: PageRequest = {},
): Promise<Page<DeadlineRecord>> {
  const { items, ...rest } = await store.listDeadlines(filter, page);
  return { ...rest, items: items.map(({ told: _, tellAt: __, ...record }) => record) };
}

/** Returns notes and upcoming intervals; if this version cannot read the schedule, a note says why. */
function outlookOf(schedule: Schedule, clock: Clock, specs: SpecReader): Pick<Description, "notes" | "next"> {
  if (schedule.status === "SOURCE") return { notes: [], next: { intervals: [], notes: [] } };
  try {
    requireReadable(schedule);
    const notes = notesOf(schedule, clock.now(), specs.notesOn(schedule.spec));
    return { notes, next: previewIntervals(schedule.spec, schedule.watermark, 5) };
  } catch (error) {
    return { notes: [messageOf(error)], next: { intervals: [], notes: [] } };
  }
}
