import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { toSet } from "../interval/interval-set.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** Time of a group that is to be read again unless that has happened since. */
export interface Reread extends Interval {
  /** Runs that were submitted before this have not read the rows that came since, epoch ms. */
  readonly since: EpochMs;
}

/** The effect that reading time again has on a ledger. */
export interface RereadPlan {
  /** The time to be run again: the bounds of runs that have succeeded, joined. */
  readonly stretches: readonly Interval[];
  /** Time that a run is reading which was submitted too early: it can only be run again when that has ended. */
  readonly underWay: readonly Interval[];
}

const STATES = ["PLANNED", "SUBMITTING", "RUNNING", "SUCCEEDED"] as const;

/**
 * Returns which runs of a group have to be run again so that all of this time has been read since. What has not
 * succeeded, was given up, or lies before a bound is left alone, and so is what a run is about to read anyway.
 *
 * @param notBefore - nothing that begins earlier is run again, such as sealed time; epoch ms
 */
export async function rereadsOf(
  store: Pick<ScheduleStore, "listRuns" | "listBackfills">,
  groupId: string,
  rereads: readonly Reread[],
  notBefore: EpochMs,
): Promise<RereadPlan> {
  const toCome = await toBeReadAnyway(store, groupId, rereads);
  const runs: Run[] = [];
  for (const within of toSet(rereads)) {
    for await (const run of eachRun(store, { groupId, states: STATES, within, includeSuperseded: false }))
      runs.push(run);
  }
  const wanted = runs.flatMap((run) => {
    const since = sinceOf(run, rereads);
    const isToCome = toCome.some(({ lower, upper }) => lower <= run.lower && upper >= run.upper);
    return since === undefined || run.lower < notBefore || isToCome ? [] : [{ run, since }];
  });
  const isTooEarly = ({ run, since }: (typeof wanted)[number]): boolean =>
    run.submittedAt !== null && run.submittedAt < since;
  const open = wanted.filter(({ run }) => !isEnded(run.state));
  const read = wanted.filter((one) => one.run.kind !== "REPORTED" && isTooEarly(one));
  const stretches = read.filter(
    ({ run }) => isEnded(run.state) && !open.some((other) => overlap(run, other.run)),
  );
  return {
    stretches: toSet(stretches.map(({ run }) => run)),
    underWay: read.filter(({ run }) => !isEnded(run.state)).map(({ run }) => run),
  };
}

/** Returns the time that running backfills are still to plan: one that a dead manager has begun may be for this. */
async function toBeReadAnyway(
  store: Pick<ScheduleStore, "listBackfills">,
  groupId: string,
  rereads: readonly Reread[],
): Promise<readonly Interval[]> {
  if (rereads.length === 0) return [];
  const running = await store.listBackfills({ groupId, states: ["RUNNING"] });
  return running
    .filter(({ select }) => select === "all")
    .map(({ cursor, upper }) => ({ lower: cursor, upper }));
}

/** Returns since when a run's time may have changed: the latest instant of what it overlaps. */
function sinceOf(run: Interval, rereads: readonly Reread[]): EpochMs | undefined {
  const of = rereads.filter((reread) => overlap(run, reread)).map(({ since }) => since);
  return of.length === 0 ? undefined : Math.max(...of);
}

function overlap(a: Interval, b: Interval): boolean {
  return a.lower < b.upper && a.upper > b.lower;
}
