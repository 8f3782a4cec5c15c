import { isSameInterval } from "../interval/boundaries.js";
import { isSame } from "../offset/offset-vector.js";
import type { BackfillSelect } from "../run/backfill.js";
import { isUncovered } from "../run/covering.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { isStanding } from "../run/standing.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { RerunQuery, RerunUnit } from "./rerun-query.js";

/**
 * Yields the units of a query of a group that is read by positions: runs of its ledger, each with the positions
 * that it had. A source can be read again only where a run has said what it read, so nothing of the grid is
 * added; positions of an earlier reading, and intervals in which there was nothing to read, are left out.
 */
export async function* offsetUnits(
  store: ScheduleStore,
  { spec: { groupId }, watermark, offsets }: Schedule,
  { range, select, from = Number.NEGATIVE_INFINITY }: RerunQuery,
): AsyncGenerator<RerunUnit> {
  const within = { lower: range.lower, upper: Math.min(range.upper, watermark) };
  if (within.lower >= within.upper) return;
  for await (const generations of eachInterval(store, { groupId, within, includeSuperseded: false })) {
    const read = generations.findLast((run) => isReadable(run, offsets?.epoch));
    const { lower, upper } = generations[0]!;
    if (read === undefined || lower < from || lower === upper || !isSelected(generations, select)) continue;
    const underWay = generations.find((run) => !isEnded(run.state) || isUncovered(run));
    const { scheduledTime, intervals } = read;
    yield { lower, upper, scheduledTime, intervals, offsets: read.offsets!, underWay };
  }
}

/** Yields the runs of each interval together, by their generations. */
async function* eachInterval(
  store: ScheduleStore,
  filter: Parameters<typeof eachRun>[1],
): AsyncGenerator<readonly [Run, ...Run[]]> {
  let same: [Run, ...Run[]] | undefined;
  for await (const run of eachRun(store, filter)) {
    if (same !== undefined && isSameInterval(same[0], run)) same.push(run);
    else {
      if (same !== undefined) yield same;
      same = [run];
    }
  }
  if (same !== undefined) yield same;
}

function isReadable({ offsets }: Run, epoch: number | undefined): boolean {
  return offsets !== null && offsets.epoch === epoch && !isSame(offsets.lower, offsets.upper);
}

function isSelected(runs: readonly Run[], select: BackfillSelect): boolean {
  const isMissing = !runs.some(({ state }) => isStanding(state));
  if (isMissing) return select !== "failed";
  if (select === "missing") return false;
  return runs.some(({ state }) => state === "FAILED" || (select === "all" && state === "SUCCEEDED"));
}
