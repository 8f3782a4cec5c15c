import type { Interval } from "../interval/boundaries.js";
import { subtract, toSet } from "../interval/interval-set.js";
import type { BackfillSelect } from "../run/backfill.js";
import { isUncovered } from "../run/covering.js";
import { isEnded, OPEN_RUN_STATES } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { STANDING_STATES } from "../run/standing.js";
import type { Schedule } from "../schedule/schedule.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { LedgerCuts } from "./ledger-cuts.js";
import { offsetUnits } from "./offset-units.js";
import type { RerunQuery, RerunUnit, UnrunStretch } from "./rerun-query.js";

/** How many units are yielded in a row before other work of the process gets its turn. */
const UNITS_PER_TURN = 1_000;

/**
 * Yields the units of a query, each beginning after the one before: selected runs of the ledger with their
 * own bounds, and the grid's intervals where no run stands. An interval is one unit however many generations
 * of it stand, and an interval that lies within another unit is not a separate unit. Time before the end of the newest
 * snapshot has no units. Of a group that is read by positions, see `offsetUnits`.
 */
export async function* rerunUnits(
  store: ScheduleStore,
  schedule: Schedule,
  query: RerunQuery,
): AsyncGenerator<RerunUnit> {
  let turn = 0;
  for await (const part of rerunParts(store, schedule, query)) {
    for (const unit of isStretch(part) ? part.units() : [part]) {
      yield unit;
      turn += 1;
      if (turn % UNITS_PER_TURN === 0) await nextTurn();
    }
  }
}

/** Yields the units of a query as `rerunUnits` does, but all that touch and have no run as one stretch. */
export async function* rerunParts(
  store: ScheduleStore,
  schedule: Schedule,
  query: RerunQuery,
): AsyncGenerator<RerunUnit | UnrunStretch> {
  yield* partsOf(store, schedule, await behindSnapshot(store, schedule, query));
}

/** Returns whether a part of a query is a stretch without runs. */
export function isStretch(part: RerunUnit | UnrunStretch): part is UnrunStretch {
  return "units" in part;
}

async function* partsOf(
  store: ScheduleStore,
  schedule: Schedule,
  query: RerunQuery,
): AsyncGenerator<RerunUnit | UnrunStretch> {
  if (schedule.spec.boundaryType === "OFFSET") return yield* offsetUnits(store, schedule, query);
  const { select, from = Number.NEGATIVE_INFINITY } = query;
  const cuts = new LedgerCuts(schedule);
  const asked = { lower: query.range.lower, upper: Math.min(query.range.upper, schedule.watermark) };
  if (asked.lower >= asked.upper) return;
  const end = Math.min(cuts.notBefore(asked.upper), schedule.watermark);
  let lower = Math.max(from, cuts.notAfter(asked.lower));
  let doneUpTo = Number.NEGATIVE_INFINITY;
  let turn = 0;
  while (lower < end) {
    const window = await readWindow(store, schedule.spec.groupId, { lower, upper: end }, query.pageSize);
    for (const part of partsWithin(window, select, cuts)) {
      turn += 1;
      if (turn % UNITS_PER_TURN === 0) await nextTurn();
      if (part.upper <= doneUpTo || part.lower >= asked.upper || part.upper <= asked.lower) continue;
      // One that began before has had its turn, and with it what lies within.
      doneUpTo = part.upper;
      if (part.lower < from) continue;
      const isWhole = isStretch(part) || isWithin(part, window.range);
      yield isWhole ? part : await withUnderWay(store, schedule.spec.groupId, part);
    }
    lower = window.range.upper;
    if (lower < end) await nextTurn();
  }
}

/**
 * Leaves out what the newest snapshot stands for: it has read all time before its upper bound, and made again it would
 * take the place of the increments behind it.
 */
async function behindSnapshot(
  store: ScheduleStore,
  { spec: { groupId } }: Schedule,
  query: RerunQuery,
): Promise<RerunQuery> {
  const snapshot = await newestSnapshot(store, groupId);
  if (snapshot === undefined || snapshot.upper <= query.range.lower) return query;
  const { lower, upper } = query.range;
  return {
    ...query,
    range: { lower: Math.max(lower, snapshot.upper), upper: Math.max(upper, snapshot.upper) },
  };
}

/** Lets other work of the process continue: a memory store answers without ever waiting for anything. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A part of the ledger, with all runs that stand for any of it or are about to be covered. */
interface Window {
  readonly range: Interval;
  readonly runs: readonly Run[];
}

/**
 * Reads the standing runs from the beginning of a range: up to its end, or to the first run that did not fit
 * on the page.
 */
async function readWindow(
  store: ScheduleStore,
  groupId: string,
  { lower, upper }: Interval,
  pageSize = 1_000,
): Promise<Window> {
  const filter = { groupId, states: STANDING_STATES, within: { lower, upper }, includeSuperseded: false };
  const runs: Run[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listRuns(filter, {
      limit: pageSize,
      ...(cursor === undefined ? {} : { cursor }),
    });
    runs.push(...page.items);
    cursor = page.next;
    const last = runs.at(-1);
    if (cursor !== undefined && last !== undefined && last.lower > lower) {
      const known = runs.filter((run) => run.lower < last.lower);
      return withUncovered(store, groupId, { range: { lower, upper: last.lower }, runs: known });
    }
  } while (cursor !== undefined);
  return withUncovered(store, groupId, { range: { lower, upper }, runs });
}

/** Adds the cancelled runs that the live schedule is about to cover. */
async function withUncovered(
  store: ScheduleStore,
  groupId: string,
  { range, runs }: Window,
): Promise<Window> {
  const filter = { groupId, isUncovered: true, within: range } as const;
  const { items } = await store.listRuns(filter, { limit: 1_000 });
  return { range, runs: [...runs, ...items] };
}

/** Completes a unit that extends beyond its window, where other runs may be processing its time. */
async function withUnderWay(store: ScheduleStore, groupId: string, unit: RerunUnit): Promise<RerunUnit> {
  const { lower, upper } = unit;
  const within = { lower, upper };
  const open = { groupId, states: OPEN_RUN_STATES, within, includeSuperseded: false } as const;
  const uncovered = { groupId, isUncovered: true, within } as const;
  const [underWay] = [
    ...(await store.listRuns(open, { limit: 1 })).items,
    ...(await store.listRuns(uncovered, { limit: 1 })).items,
  ];
  return { ...unit, underWay };
}

function isWithin({ lower, upper }: Interval, range: Interval): boolean {
  return lower >= range.lower && upper <= range.upper;
}

/** Yields the units of a window by lower bound, the longest first. Stretches without runs overlap none of the others. */
function* partsWithin(
  { range, runs }: Window,
  select: BackfillSelect,
  cuts: LedgerCuts,
): Generator<RerunUnit | UnrunStretch> {
  const open = runs.filter((run) => !isEnded(run.state) || isUncovered(run));
  const selected = select === "missing" ? [] : runs.filter((run) => isSelected(run, select));
  selected.sort((a, b) => a.lower - b.lower || b.upper - a.upper);
  const holes = select === "failed" ? [] : subtract([range], toSet(runs));
  let next = 0;
  for (const hole of holes) {
    for (; next < selected.length && selected[next]!.lower < hole.lower; next += 1)
      yield unitOf(selected[next]!, open);
    yield stretchOf(hole, cuts);
  }
  for (; next < selected.length; next += 1) yield unitOf(selected[next]!, open);
}

function stretchOf(hole: Interval, cuts: LedgerCuts): UnrunStretch {
  return {
    ...hole,
    count: cuts.countOf(hole),
    *units() {
      for (const interval of cuts.intervalsOf(hole)) yield { ...interval, intervals: 1, underWay: undefined };
    },
  };
}

function isSelected({ state }: Pick<Run, "state">, select: BackfillSelect): boolean {
  return state === "FAILED" || (select === "all" && state === "SUCCEEDED");
}

function unitOf({ lower, upper, scheduledTime, intervals }: Run, open: readonly Run[]): RerunUnit {
  const underWay = open.find((run) => run.lower < upper && run.upper > lower);
  return { lower, upper, scheduledTime, intervals, underWay };
}
