import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { isWatched } from "../schedule/deadline.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { DeadlineWatch, KeptDeadline } from "../store/deadline-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { DeadlineReason, DeadlineSubject } from "./deadline-record.js";
import { judgeFreshness } from "./freshness.js";
import { RECHECK_MS } from "./judge.js";
import { judgeBehind } from "./new-intervals.js";
import { excuseOpen, type Found, judgeOpen, readOpenRecords } from "./open-records.js";
import { judgeData, judgeHeadroom } from "./source-deadlines.js";

/** The field of a schedule that each subject is judged by. */
const FIELDS = {
  interval: "deadline",
  freshness: "freshness",
  data: "expectData",
  headroom: "source",
} as const satisfies Record<DeadlineSubject, keyof ScheduleSpec>;

/** When to look again at a group whose alerts another manager is about to tell, ms. */
const TELLING_CHECK_MS = 1_000;

/** A look at a group. */
export interface LookRequest {
  readonly watch: DeadlineWatch;
  readonly schedule: Schedule;
  readonly now: EpochMs;
  /** The intervals whose runs have succeeded, if that is why the group is looked at. */
  readonly within?: Interval | undefined;
  /** The record at which the look before left older open ones. */
  readonly from?: string | undefined;
}

/** The result of a check of one group. */
export interface LookResult extends Pick<DeadlineWatch, "cursor" | "excusedFrom" | "lookAt"> {
  /** New records, and those that have changed. */
  readonly records: readonly KeptDeadline[];
  /** Whether the group has open records, whose runs are worth a look when they end. */
  readonly hasOpen: boolean;
  /** `from` of the next look. */
  readonly next: string | undefined;
}

/**
 * Reads what the ledger says about a group's deadlines and judges them. Writes nothing.
 *
 * The grid is the yardstick, not the runs: an interval is judged even if nothing was ever planned for it.
 */
export async function look(store: ScheduleStore, request: LookRequest): Promise<LookResult> {
  const { watch, schedule, now, within, from } = request;
  const { cursor, excusedFrom } = watch;
  const { spec, unreadable, status } = schedule;
  const { records: open, next } = await readOpenRecords(store, watch.groupId, within, from);
  if (unreadable !== null) {
    return { records: [], cursor, excusedFrom, lookAt: now + RECHECK_MS, hasOpen: open.length > 0, next };
  }
  // Each state is told under one id: none changes before that.
  const isTelling = open.some(({ tellAt }) => tellAt !== null && tellAt > now);
  if (isTelling)
    return { records: [], cursor, excusedFrom, lookAt: now + TELLING_CHECK_MS, hasOpen: true, next };
  const isOver = !SCHEDULE_STATUSES[status].isRegistered && status !== "SOURCE";
  if (isOver || !isWatched(spec)) {
    const records = excuseOpen(open, isOver ? "unregistered" : "removed", now);
    const lookAt = next === undefined ? null : now;
    return { records, cursor: null, excusedFrom: null, lookAt, hasOpen: false, next: undefined };
  }
  const removed = open.filter(({ subject }) => spec[FIELDS[subject]] == null);
  const kept = open.filter((record) => !removed.includes(record));
  const intervals = await judgeIntervals(store, request, kept);
  const fresh = await judgeFresh(store, request, kept);
  const source = await judgeSource(store, request, kept);
  const judged = [intervals, fresh, ...source];
  const records = [...excuseOpen(removed, "removed", now), ...judged.flatMap((found) => found.records)];
  // Older records may have changed as well, if some of these have.
  const againAt = next !== undefined && records.length > 0 ? now : Number.POSITIVE_INFINITY;
  const lookAt = Math.min(...judged.map((found) => found.lookAt), againAt);
  return {
    records,
    cursor: intervals.cursor,
    excusedFrom: intervals.excusedFrom,
    lookAt: Number.isFinite(lookAt) ? lookAt : null,
    hasOpen: kept.length > 0 || records.some(({ state }) => state === "AT_RISK" || state === "MISSED"),
    next,
  };
}

async function judgeIntervals(
  store: ScheduleStore,
  { watch, schedule, now }: LookRequest,
  open: readonly KeptDeadline[],
): Promise<Pick<LookResult, "records" | "cursor" | "excusedFrom"> & { readonly lookAt: EpochMs }> {
  const { deadline } = schedule.spec;
  if (deadline == null)
    return { records: [], cursor: null, excusedFrom: null, lookAt: Number.POSITIVE_INFINITY };
  const excuse = excuseOf(schedule, deadline.whilePaused);
  const before = await judgeOpen(store, schedule, { open, excuse, now });
  const behind = await judgeBehind(store, watch, schedule, { open, excuse, now });
  return {
    ...behind,
    records: [...before.records, ...behind.records],
    lookAt: Math.min(before.lookAt, behind.lookAt),
  };
}

async function judgeFresh(
  store: ScheduleStore,
  { watch, schedule, now }: LookRequest,
  open: readonly KeptDeadline[],
): Promise<{ readonly records: readonly KeptDeadline[]; readonly lookAt: EpochMs }> {
  const { freshness } = schedule.spec;
  if (freshness == null) return { records: [], lookAt: Number.POSITIVE_INFINITY };
  const { maxLagMs, whilePaused } = freshness;
  const excuse = excuseOf(schedule, whilePaused);
  return judgeFreshness(store, watch, schedule, { maxLagMs, open, excuse, now });
}

async function judgeSource(
  store: ScheduleStore,
  { watch, schedule, now }: LookRequest,
  open: readonly KeptDeadline[],
): Promise<Found[]> {
  if (schedule.spec.boundaryType !== "OFFSET") return [];
  const excuse = excuseOf(schedule, schedule.spec.expectData?.whilePaused);
  return [
    await judgeData(store, watch, schedule, { open, excuse, now }),
    judgeHeadroom(watch, schedule, { open, now }),
  ];
}

/** Returns why a deadline that passes now is excused: a pause excuses, but not one behind which a failure stands. */
function excuseOf(
  { status, blockingRuns }: Schedule,
  whilePaused: "alert" | "excuse" = "excuse",
): DeadlineReason | undefined {
  return status === "PAUSED" && whilePaused === "excuse" && blockingRuns === 0 ? "paused" : undefined;
}
