import type { EpochMs } from "../clock/clock.js";
import { leavesOf } from "../dependency/dependency.js";
import { windowOf } from "../dependency/window.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect, subtract, toSet } from "../interval/interval-set.js";
import { type LedgerCuts, pastUpTo } from "../planning/ledger-cuts.js";
import { windowCalendarOf } from "../schedule/dependencies-of.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";

/** A group of a restatement. */
export interface RestatedGroup {
  readonly groupId: string;
  /** The time that is run again: whole intervals of its grid. Empty for a source group, which nobody runs. */
  readonly intervals: IntervalSet;
  /** How many intervals of its grid that is. Runs that cover several of them count as one when they are run. */
  readonly runs: number;
  /** How many dependencies lie between it and the group that is restated; 0 for that one. */
  readonly depth: number;
}

/** A group at which a restatement stops, although it reads what is restated. */
export interface RestatementStop {
  readonly groupId: string;
  /**
   * `ignore`: its dependency has `onRestate: "ignore"`; `except`: the request leaves it out; `unregistered`: it
   * has no schedule that could run; `unreadable`: this version of Tidegate cannot read its schedule.
   */
  readonly reason: "ignore" | "except" | "unregistered" | "unreadable";
}

/** How far a restatement reaches. */
export interface RestatementScope {
  readonly groupId: string;
  readonly range: Interval;
  readonly isCascading: boolean;
  readonly except: ReadonlySet<string>;
}

/** The groups that a restatement reaches. */
export interface Reach {
  /** The nearest first. */
  readonly groups: readonly RestatedGroup[];
  readonly stops: readonly RestatementStop[];
}

/** Groups by their ids, as far as they are known. */
export interface KnownGroups {
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly cuts: ReadonlyMap<string, LedgerCuts>;
  /** Ids of those that depend on a group. */
  readonly dependents: ReadonlyMap<string, readonly string[]>;
  /** Upper bounds of the newest snapshots of those that have one: what begins earlier is not run again. */
  readonly copiedUpTo: ReadonlyMap<string, EpochMs>;
}

/**
 * Returns the time of each group that a restatement runs again: that of the group itself, and, along the
 * dependencies, the intervals whose windows contain any of it. A cycle ends where it has caught up with what is
 * over. Pure.
 *
 * @param now - what is not over by then is left to the live schedules, epoch ms
 */
export function reachOf(scope: RestatementScope, known: KnownGroups, now: number): Reach {
  const reached = new Map<string, { time: IntervalSet; readonly depth: number }>();
  const stops = new Map<string, RestatementStop>();
  const root = known.schedules.get(scope.groupId)!;
  const afterCopy = (groupId: string, time: IntervalSet): IntervalSet => {
    const lower = known.copiedUpTo.get(groupId);
    return lower === undefined ? time : intersect(time, [{ lower, upper: Number.MAX_SAFE_INTEGER }]);
  };
  const first = afterCopy(scope.groupId, widened(root, known.cuts.get(scope.groupId)!, [scope.range], now));
  reached.set(scope.groupId, { time: first, depth: 0 });
  const open: { readonly groupId: string; readonly fresh: IntervalSet }[] = [
    { groupId: scope.groupId, fresh: root.status === "SOURCE" ? [scope.range] : first },
  ];
  for (let step = open.shift(); scope.isCascading && step !== undefined; step = open.shift()) {
    const { groupId, fresh } = step;
    if (fresh.length === 0) continue;
    const depth = reached.get(groupId)!.depth + 1;
    for (const id of known.dependents.get(groupId) ?? []) {
      const reader = known.schedules.get(id);
      const reason = stopOf(reader, groupId, scope.except);
      if (reason !== undefined) stops.set(id, { groupId: id, reason });
      if (reader === undefined || reason !== undefined) continue;
      const before = reached.get(id)?.time ?? [];
      const added = subtract(
        afterCopy(id, affected(reader, known.cuts.get(id)!, { upstream: groupId, time: fresh }, now)),
        before,
      );
      if (added.length === 0) continue;
      reached.set(id, { time: toSet([...before, ...added]), depth: reached.get(id)?.depth ?? depth });
      open.push({ groupId: id, fresh: added });
    }
  }
  const groups = [...reached].map(([groupId, { time, depth }]) => {
    return { groupId, intervals: time, runs: countOf(known.cuts.get(groupId)!, time), depth };
  });
  return {
    groups: groups.sort((a, b) => a.depth - b.depth),
    stops: [...stops.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1)),
  };
}

function stopOf(
  reader: Schedule | undefined,
  upstream: string,
  except: ReadonlySet<string>,
): RestatementStop["reason"] | undefined {
  if (reader === undefined || !SCHEDULE_STATUSES[reader.status].isRegistered) return "unregistered";
  if (reader.unreadable !== null) return "unreadable";
  if (except.has(reader.spec.groupId)) return "except";
  const policies = leavesOf(reader.spec.dependsOn!).flatMap(({ dependency }) =>
    dependency.groupId === upstream ? [dependency.onRestate ?? "mark"] : [],
  );
  return policies.every((policy) => policy === "ignore") ? "ignore" : undefined;
}

/** Returns the intervals of a group whose windows of another group contain any of its time. */
function affected(
  schedule: Schedule,
  cuts: LedgerCuts,
  { upstream, time }: { readonly upstream: string; readonly time: IntervalSet },
  now: number,
): IntervalSet {
  const { spec, origin } = schedule;
  const end = pastUpTo(schedule, cuts, now);
  if (end === undefined || end <= origin) return [];
  const calendar = windowCalendarOf(spec, new Grid(spec));
  const intervalAt = (instant: number): Interval => {
    const lower = Math.max(origin, cuts.notAfter(instant));
    return { lower, upper: Math.max(lower + 1, Math.min(end, cuts.notBefore(lower + 1))) };
  };
  const found: Interval[] = [];
  for (const { dependency } of leavesOf(spec.dependsOn!)) {
    if (dependency.groupId !== upstream || dependency.onRestate === "ignore") continue;
    const windowAt = (instant: number): Interval =>
      windowOf(dependency.window, intervalAt(instant), calendar);
    for (const { lower, upper } of time) {
      // Windows move on with their intervals, so those that meet the time are neighbours.
      const from = firstInstant(origin, end, (instant) => windowAt(instant).upper > lower);
      const to = firstInstant(origin, end, (instant) => windowAt(instant).lower >= upper);
      if (from < to)
        found.push({ lower: intervalAt(from).lower, upper: to < end ? intervalAt(to).lower : end });
    }
  }
  return asRun(schedule, cuts, toSet(found), end);
}

/** Returns the first instant from `from` to `end` at which a condition holds that then goes on to hold; else `end`. */
function firstInstant(from: number, end: number, holds: (instant: number) => boolean): number {
  let [low, high] = [from, end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Widens time to whole intervals that are over. */
function widened(schedule: Schedule, cuts: LedgerCuts, time: IntervalSet, now: number): IntervalSet {
  const end = schedule.status === "SOURCE" ? undefined : pastUpTo(schedule, cuts, now);
  if (end === undefined) return [];
  const whole = time.map(({ lower, upper }) => ({
    lower: cuts.notAfter(lower),
    upper: cuts.notBefore(upper),
  }));
  return asRun(
    schedule,
    cuts,
    intersect(toSet(whole), [{ lower: Number.MIN_SAFE_INTEGER, upper: end }]),
    end,
  );
}

/** A run of a `full` group reads everything, so its newest interval stands for all. */
function asRun(schedule: Schedule, cuts: LedgerCuts, time: IntervalSet, end: number): IntervalSet {
  if (schedule.spec.mode !== "full" || time.length === 0) return time;
  const lower = Math.max(schedule.origin, cuts.notAfter(end - 1));
  return [{ lower, upper: end }];
}

/** Counts the intervals into which a ledger's cuts divide a set. */
function countOf(cuts: LedgerCuts, time: IntervalSet): number {
  return time.reduce((sum, stretch) => sum + cuts.countOf(stretch), 0);
}
