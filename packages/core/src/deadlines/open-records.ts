import type { EpochMs } from "../clock/clock.js";
import { type Interval, isSameInterval } from "../interval/boundaries.js";
import { toSet } from "../interval/interval-set.js";
import { ENDED_RUN_STATES } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { timesOf } from "../schedule/deadline-times.js";
import type { Schedule } from "../schedule/schedule.js";
import type { KeptDeadline } from "../store/deadline-table.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { type DeadlineReason, OPEN_STATES } from "./deadline-record.js";
import { intervalsFrom } from "./grid-intervals.js";
import { copyBehind, factsOf } from "./interval-facts.js";
import { judge, RECHECK_MS } from "./judge.js";

/** Most records or intervals that one look at a group reads or writes of a kind. */
export const MOST_AT_ONCE = 500;

/** The result of a check: records to write, and when to check again, epoch ms. */
export interface Found {
  readonly records: readonly KeptDeadline[];
  readonly lookAt: EpochMs;
}

/** The open records of a group, or as many of them as one look takes. */
export interface OpenRecords {
  readonly records: readonly KeptDeadline[];
  /** The record at which the next look continues with older ones; absent if these were all. */
  readonly next: string | undefined;
}

/**
 * Reads the newest open records of a group, those within an interval, and some of the others.
 *
 * @param within - where runs have succeeded
 * @param from - `next` of the look before
 */
export async function readOpenRecords(
  store: Pick<ScheduleStore, "listDeadlines">,
  groupId: string,
  within: Interval | undefined,
  from: string | undefined,
): Promise<OpenRecords> {
  const filter = { groupId, states: OPEN_STATES, order: "descending" } as const;
  const newest = await store.listDeadlines(filter, { limit: MOST_AT_ONCE });
  if (newest.next === undefined) return { records: newest.items, next: undefined };
  const older = await store.listDeadlines(filter, { limit: MOST_AT_ONCE, cursor: from ?? newest.next });
  const own =
    within === undefined
      ? []
      : (await store.listDeadlines({ ...filter, within }, { limit: MOST_AT_ONCE })).items;
  const distinct = new Map(
    [...newest.items, ...older.items, ...own].map((record) => [`${record.subject} ${record.lower}`, record]),
  );
  return { records: [...distinct.values()], next: older.next ?? newest.next };
}

/**
 * Judges open records of intervals again. One that was at risk has the deadline of the version that is in effect by now, and is
 * excused if that has no such interval.
 */
export async function judgeOpen(
  store: Pick<ScheduleStore, "listRuns" | "listVersions">,
  schedule: Schedule,
  given: {
    readonly open: readonly KeptDeadline[];
    readonly excuse: DeadlineReason | undefined;
    readonly now: EpochMs;
  },
): Promise<Found> {
  const { open, excuse, now } = given;
  const { intervals, gone } = await withDeadlinesOfNow(
    store,
    schedule,
    open.filter(({ subject }) => subject === "interval"),
  );
  const records: KeptDeadline[] = excuseOpen(gone, "removed", now);
  let lookAt = Number.POSITIVE_INFINITY;
  const runs = await endedWithin(store, intervals);
  const copy = await copyBehind(store, intervals[0]?.groupId ?? "", runs);
  for (const record of intervals) {
    const { metAt } = factsOf(record, runs, false, copy);
    const { deadlineAt } = record;
    const { state, reason } = judge({ deadlineAt, dueAt: record.lower, excuse }, { metAt }, now);
    // A run may have ended before its deadline, and its end may have been written after that was judged.
    if (metAt !== undefined) {
      records.push(changed(record, record.state === "MISSED" ? "LATE" : state, reason, now, metAt));
      continue;
    }
    lookAt = Math.min(lookAt, now + RECHECK_MS);
    if (record.state !== "AT_RISK") continue;
    if (now >= deadlineAt) records.push(changed(record, state, reason ?? record.reason, now, null));
    else {
      lookAt = Math.min(lookAt, deadlineAt);
      if (!open.includes(record)) records.push(record);
    }
  }
  return { records, lookAt };
}

/**
 * Returns records of intervals, those at risk with the deadlines of the versions that are in effect where they begin, and apart
 * those of intervals that these do not have.
 */
async function withDeadlinesOfNow(
  store: Pick<ScheduleStore, "listVersions">,
  { spec: { groupId }, version }: Schedule,
  records: readonly KeptDeadline[],
): Promise<{ readonly intervals: readonly KeptDeadline[]; readonly gone: readonly KeptDeadline[] }> {
  if (version === 1 || !records.some(({ state }) => state === "AT_RISK"))
    return { intervals: records, gone: [] };
  const versions = (await store.listVersions(groupId)).filter(({ unreadable }) => unreadable === null);
  const intervals: KeptDeadline[] = [];
  const gone: KeptDeadline[] = [];
  for (const record of records) {
    const interval =
      record.state === "AT_RISK" ? intervalsFrom(versions, record.lower).next().value : undefined;
    if (interval !== undefined && !isSameInterval(interval, record)) gone.push(record);
    else if (interval?.spec.deadline == null) intervals.push(record);
    else {
      const { deadlineAt } = timesOf(interval.spec, interval.spec.deadline, interval);
      intervals.push(deadlineAt === record.deadlineAt ? record : { ...record, deadlineAt });
    }
  }
  return { intervals, gone };
}

/** Returns open records as excused. */
export function excuseOpen(
  open: readonly KeptDeadline[],
  reason: DeadlineReason,
  now: EpochMs,
): KeptDeadline[] {
  return open.map((record) => changed(record, "EXCUSED", reason, now, null));
}

/** Returns a record in another state. */
export function changed(
  record: KeptDeadline,
  state: KeptDeadline["state"],
  reason: DeadlineReason | null,
  since: EpochMs,
  metAt: EpochMs | null,
): KeptDeadline {
  return { ...record, state, reason, since, metAt };
}

async function endedWithin(
  store: Pick<ScheduleStore, "listRuns">,
  records: readonly KeptDeadline[],
): Promise<Run[]> {
  const runs: (readonly Run[])[] = [];
  const [first] = records;
  if (first === undefined) return [];
  for (const within of toSet(records)) {
    runs.push(await runsWithin(store, { groupId: first.groupId, states: ENDED_RUN_STATES, within }));
  }
  return runs.flat();
}

/** Lists all runs that match a filter. */
export async function runsWithin(
  store: Pick<ScheduleStore, "listRuns">,
  filter: Parameters<ScheduleStore["listRuns"]>[0],
): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of eachRun(store, filter)) runs.push(run);
  return runs;
}
