import type { EpochMs } from "../clock/clock.js";
import { coveredThrough, UNSETTLED } from "../deadlines/covered-through.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** A group whose planned time is not all covered. */
export interface GroupLag {
  readonly groupId: string;
  /** The time up to which it is covered, epoch ms: see `Description.coveredThrough`. */
  readonly coveredThrough: EpochMs;
  /** The time up to which it is planned, epoch ms: `Schedule.watermark`. */
  readonly plannedThrough: EpochMs;
  /** The time in between, ms. */
  readonly lagMs: number;
}

/** The groups that lag most. */
export interface Lags {
  /** The longest lag first. */
  readonly groups: readonly GroupLag[];
  /**
   * Whether these are all: every other group is covered up to where it is planned. Otherwise there are more, or so many
   * runs are open or have failed that not all of them were read.
   */
  readonly isWhole: boolean;
}

/** Options of `lags`. */
export interface LagOptions {
  /** Most groups, 1 to 1,000. @default 100 */
  readonly limit?: number;
}

type Ledger = Pick<ScheduleStore, "listRuns" | "coverage" | "getSchedules">;

/** Runs that may leave a hole: the indexes that find them have no others. */
const SUSPECTS: readonly RunFilter[] = [
  { states: UNSETTLED, includeSuperseded: false, order: "ascending" },
  { isUncovered: true, order: "ascending" },
];

/** Most runs that are read of each: a group that is blocked may have any number of them. */
const MOST_READ = 10_000;

/** Most schedules that are read together. */
const BATCH = 1_000;

/** Suspects: the oldest run of each group that may leave a hole. */
interface Suspects {
  readonly oldest: ReadonlyMap<string, Run>;
  /** Whether all such runs were read, so that no group has an older one. */
  readonly isWhole: boolean;
}

/** A group that may lag. */
interface Candidate {
  readonly schedule: Schedule;
  /** Its lag by the oldest run that was read, ms: no less than it is if all were read. */
  readonly mostMs: number;
  /** Whether it is that without doubt. */
  readonly isSure: boolean;
}

/**
 * Returns the groups whose planned time is not all covered, the longest lag first. Reads only runs that have not
 * simply succeeded, the oldest first, and few of those.
 *
 * @param limit - most groups
 */
export async function lagsOf(store: Ledger, limit: number): Promise<Lags> {
  const suspects = await suspectsOf(store);
  const candidates = await candidatesOf(store, suspects);
  let lags: GroupLag[] = [];
  for (let start = 0; start < candidates.length; start += limit) {
    const last = lags[limit - 1];
    if (lags.length > limit && last!.lagMs >= candidates[start]!.mostMs) break;
    const part = candidates.slice(start, start + limit);
    const found = await Promise.all(part.map((candidate) => lagOf(store, candidate)));
    lags = [...lags, ...found.filter(({ lagMs }) => lagMs > 0)].sort(longestFirst);
  }
  return { groups: lags.slice(0, limit), isWhole: suspects.isWhole && lags.length <= limit };
}

function longestFirst(a: GroupLag, b: GroupLag): number {
  return b.lagMs - a.lagMs || (a.groupId < b.groupId ? -1 : 1);
}

async function suspectsOf(store: Ledger): Promise<Suspects> {
  const oldest = new Map<string, Run>();
  let isWhole = true;
  for (const filter of SUSPECTS) {
    let read = 0;
    for await (const run of eachRun(store, filter)) {
      if (read === MOST_READ) {
        isWhole = false;
        break;
      }
      read += 1;
      const known = oldest.get(run.groupId);
      if (known === undefined || run.lower < known.lower) oldest.set(run.groupId, run);
    }
  }
  return { oldest, isWhole };
}

/** Returns the groups that may lag, the longest possible lag first. */
async function candidatesOf(store: Ledger, { oldest, isWhole }: Suspects): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  const groupIds = [...oldest.keys()];
  for (let start = 0; start < groupIds.length; start += BATCH) {
    for (const schedule of await store.getSchedules(groupIds.slice(start, start + BATCH))) {
      if (schedule === undefined || schedule.status === "SOURCE" || schedule.status === "DELETED") continue;
      const { spec, origin, watermark } = schedule;
      const { kind, generation, lower, state } = oldest.get(spec.groupId)!;
      // The schedule's own runs tile its time: the oldest that is open is where its cover ends. A full copy may have the
      // rows of one that has failed.
      const isPlain = kind === "SCHEDULED" && generation === 0 && state !== "CANCELLED" && state !== "FAILED";
      const isSure = isPlain && isWhole;
      const mostMs = watermark - Math.max(origin, lower);
      if (mostMs > 0) candidates.push({ schedule, mostMs, isSure });
    }
  }
  return candidates.sort(
    (a, b) => b.mostMs - a.mostMs || (a.schedule.spec.groupId < b.schedule.spec.groupId ? -1 : 1),
  );
}

async function lagOf(store: Ledger, { schedule, mostMs, isSure }: Candidate): Promise<GroupLag> {
  const { spec, watermark } = schedule;
  const through = isSure ? watermark - mostMs : await coveredThrough(store, schedule);
  return {
    groupId: spec.groupId,
    coveredThrough: through,
    plannedThrough: watermark,
    lagMs: watermark - through,
  };
}
