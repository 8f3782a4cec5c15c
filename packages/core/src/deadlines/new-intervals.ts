import type { EpochMs } from "../clock/clock.js";
import { timesOf } from "../schedule/deadline-times.js";
import type { Schedule, ScheduleVersion } from "../schedule/schedule.js";
import type { DeadlineWatch, KeptDeadline } from "../store/deadline-table.js";
import { eachItem } from "../store/each-item.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { DeadlineReason } from "./deadline-record.js";
import { type GridInterval, intervalsFrom, onlyVersion, passedUpTo } from "./grid-intervals.js";
import { copyBehind, factsOf } from "./interval-facts.js";
import { type DeadlineTerms, judge, usualDuration } from "./judge.js";
import { type Found, MOST_AT_ONCE, runsWithin } from "./open-records.js";

/** How many of the last runs show how long a run usually takes. */
const LAST_RUNS = 20;

/** The result of a check of the intervals behind the cursor. */
export interface FoundBehind extends Found, Pick<DeadlineWatch, "cursor" | "excusedFrom"> {}

type Store = Pick<ScheduleStore, "listDeadlines" | "listRuns" | "listVersions">;

/** An interval of the grid, with its deadline. */
interface Due {
  readonly interval: GridInterval;
  readonly terms: DeadlineTerms;
}

/**
 * Judges the intervals that end behind a watch's cursor, from the oldest, as far as they are due: at most 500.
 *
 * @param open - the group's open records, whose intervals are judged already
 */
export async function judgeBehind(
  store: Store,
  watch: DeadlineWatch,
  schedule: Schedule,
  given: {
    readonly open: readonly KeptDeadline[];
    readonly excuse: DeadlineReason | undefined;
    readonly now: EpochMs;
  },
): Promise<FoundBehind> {
  const { open, excuse, now } = given;
  const { groupId } = watch;
  const { versions, from } = await beginning(store, watch, schedule);
  const { due, next } = dueFrom(versions, from, excuse, now);
  const within = { lower: from, upper: due.at(-1)?.interval.upper ?? from };
  const runs = due.length === 0 ? [] : await runsWithin(store, { groupId, within });
  const copy = await copyBehind(store, groupId, runs);
  const usualMs = await usualOf(store, groupId);
  const isBlocked = schedule.blockingRuns > 0;
  const isOpen = new Set(open.filter(({ subject }) => subject === "interval").map(({ lower }) => lower));
  const records: KeptDeadline[] = [];
  let { excusedFrom } = watch;
  let cursor = from;
  let isBehindOpen = false;
  let lookAt = Number.POSITIVE_INFINITY;
  for (const { interval, terms } of due) {
    const { lower, upper } = interval;
    const facts = factsOf(interval, runs, isBlocked, copy);
    const verdict = judge({ ...terms, usualMs }, facts, now);
    const { state, reason } = verdict;
    if (state === "PENDING") {
      lookAt = Math.min(lookAt, verdict.lookAt);
      isBehindOpen = true;
      continue;
    }
    if (!isOpen.has(lower) && state !== "ON_TIME") {
      const metAt = facts.metAt ?? null;
      const { deadlineAt } = terms;
      const record = {
        groupId,
        subject: "interval",
        lower,
        upper,
        deadlineAt,
        state,
        reason,
        since: now,
        metAt,
      } as const;
      if (state === "EXCUSED") excusedFrom ??= lower;
      const first = state === "EXCUSED" ? (excusedFrom ?? lower) : lower;
      records.push({ ...record, lower: first, told: "PENDING", tellAt: null });
      lookAt = Math.min(lookAt, verdict.lookAt);
    }
    if (isBehindOpen) continue;
    cursor = upper;
    if (state !== "EXCUSED") excusedFrom = null;
  }
  if (next !== undefined) lookAt = Math.min(lookAt, judge({ ...next.terms, usualMs }, {}, now).lookAt);
  // The rest follows at once, unless the cursor waits for one of these.
  if (due.length >= MOST_AT_ONCE && !isBehindOpen) lookAt = now;
  const cut = watch.cursor === null ? await cutExcused(store, groupId, versions, from) : [];
  return { records: lastOfEach([...cut, ...records]), lookAt, cursor, excusedFrom };
}

/**
 * Cuts the records of intervals that were excused together where intervals are expected anew, so that none lies over
 * theirs: at `from`, or after their first interval, whose record its own then replaces.
 */
async function cutExcused(
  store: Store,
  groupId: string,
  versions: readonly Pick<ScheduleVersion, "spec" | "since">[],
  from: EpochMs,
): Promise<KeptDeadline[]> {
  const within = { lower: from, upper: Number.MAX_SAFE_INTEGER };
  const filter = { groupId, subjects: ["interval"], states: ["EXCUSED"], within } as const;
  const cut: KeptDeadline[] = [];
  for await (const record of eachItem((page) => store.listDeadlines(filter, page))) {
    const end = record.lower < from ? from : intervalsFrom(versions, record.lower).next().value?.upper;
    if (end !== undefined && end < record.upper) cut.push({ ...record, upper: end });
  }
  return cut;
}

/** Returns where to begin, and the versions by which to judge from there. */
async function beginning(
  store: Store,
  watch: DeadlineWatch,
  schedule: Schedule,
): Promise<{ versions: readonly Pick<ScheduleVersion, "spec" | "since">[]; from: EpochMs }> {
  const { groupId, cursor } = watch;
  // An update takes effect at the watermark, so that nothing behind it is judged by an earlier version.
  const isCurrent = cursor !== null && (schedule.version === 1 || cursor >= schedule.watermark);
  if (isCurrent) return { versions: onlyVersion(schedule), from: cursor };
  const all = await store.listVersions(groupId);
  const readable = all.filter(({ unreadable }) => unreadable === null);
  if (cursor !== null) return { versions: readable, from: cursor };
  const { spec } = schedule;
  const { since, createdAt } = all.at(-1) ?? { since: schedule.origin, createdAt: watch.since };
  const from = passedUpTo(spec, spec.deadline!, Math.max(since, schedule.origin), createdAt);
  return { versions: onlyVersion(schedule), from };
}

/** Returns the intervals that are due, and the one that is due next. */
function dueFrom(
  versions: readonly Pick<ScheduleVersion, "spec" | "since">[],
  from: EpochMs,
  excuse: DeadlineReason | undefined,
  now: EpochMs,
): { readonly due: Due[]; readonly next: Due | undefined } {
  const due: Due[] = [];
  for (const interval of intervalsFrom(versions, from)) {
    const { deadline } = interval.spec;
    if (deadline == null) continue;
    const terms = {
      ...timesOf(interval.spec, deadline, interval),
      warnBeforeMs: deadline.warnBeforeMs,
      excuse,
    };
    if (terms.dueAt > now) return { due, next: { interval, terms } };
    due.push({ interval, terms });
    if (due.length >= MOST_AT_ONCE) return { due, next: undefined };
  }
  return { due, next: undefined };
}

/** Returns how long a run of a group usually takes, ms. */
async function usualOf(store: Store, groupId: string): Promise<number | undefined> {
  const filter = { groupId, states: ["SUCCEEDED"], order: "descending" } as const;
  const { items } = await store.listRuns(filter, { limit: LAST_RUNS });
  const durations = items.flatMap(({ submittedAt, endedAt }) =>
    submittedAt === null || endedAt === null ? [] : [endedAt - submittedAt],
  );
  return usualDuration(durations);
}

/** Returns the last record of each lower bound: those of intervals that are excused together grow. */
function lastOfEach(records: readonly KeptDeadline[]): KeptDeadline[] {
  return [...new Map(records.map((record) => [record.lower, record])).values()];
}
