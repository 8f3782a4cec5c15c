import type { Interval } from "../interval/boundaries.js";
import type { CoveredBy } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { newestCopy } from "../store/newest-snapshot.js";
import type { MissingTimeQuery } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { hasSnapshots } from "./plan-snapshot.js";

/** The part of a store that tells whether increments have passed a copy. */
type Ledgers = Pick<ScheduleStore, "listRuns" | "missingTime">;

/**
 * Returns the hand-overs of groups that increments have not completed, by group. The copy of such a group may hold rows of the time
 * between its upper bound and the end of its job, which have taken the place of older ones: its target holds one state of the source
 * once increments have read that time as well. Costs nothing unless groups have the mode `full-then-incremental`.
 *
 * @param by - the increments that count
 */
export async function openHandOvers(
  store: Ledgers,
  schedules: Iterable<Schedule>,
  by: CoveredBy,
): Promise<ReadonlyMap<string, Interval>> {
  const queries: MissingTimeQuery[] = [];
  for (const schedule of schedules) {
    const within = hasSnapshots(schedule.spec) ? await handOverOf(store, schedule) : undefined;
    if (within !== undefined) queries.push({ groupId: schedule.spec.groupId, within, by });
  }
  if (queries.length === 0) return new Map();
  const missing = await store.missingTime(queries);
  const open = queries.filter((_, index) => missing[index]!.length > 0);
  return new Map(open.map(({ groupId, within }) => [groupId, within]));
}

/** Returns the time of the newest copy's hand-over; `undefined` if it ends at its upper bound. */
async function handOverOf(
  store: Ledgers,
  { spec, status, watermark, nextFireAt }: Schedule,
): Promise<Interval | undefined> {
  const copy = await newestCopy(store, spec.groupId);
  const end = copy?.snapshot?.consistentFrom;
  if (copy === undefined || end === undefined) return undefined;
  // A schedule that has ended plans nothing more that could pass the copy.
  const hasEnded = nextFireAt === null && SCHEDULE_STATUSES[status].isRegistered;
  const upper = hasEnded ? Math.min(end, watermark) : end;
  return upper > copy.upper ? { lower: copy.upper, upper } : undefined;
}
