import { leavesOf, upstreamsOf } from "../dependency/dependency.js";
import { windowOf } from "../dependency/window.js";
import { ScheduleError } from "../errors/errors.js";
import { windowCalendarOf } from "../schedule/dependencies-of.js";
import { Grid } from "../schedule/grid.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { iso } from "./instants.js";

/** Most groups that are read together. */
const BATCH = 1_000;

/** How many intervals of a group are followed round a cycle: in a row, and spread over about two years. */
const FOLLOWED = { inARow: 300, spread: 300, overMs: 2 * 366 * 86_400_000 };

/** Most runs that are followed from one interval. */
const MOST_FOLLOWED = 10_000;

/** A run: the group, and the end of its interval. */
interface Step {
  readonly groupId: string;
  readonly upper: number;
  readonly from: Step | undefined;
}

/**
 * The groups that schedules depend on, directly or not, read from the store as far as they are needed. New
 * specifications stand in for stored ones.
 */
export class DependencyGraph {
  readonly #store: Pick<ScheduleStore, "getSchedules">;
  readonly #specs = new Map<string, ScheduleSpec | undefined>();
  readonly #grids = new Map<ScheduleSpec, Grid>();

  constructor(store: Pick<ScheduleStore, "getSchedules">) {
    this.#store = store;
  }

  /**
   * Adds specifications one by one, and returns for each the error if it closes a cycle of groups that wait
   * for each other. A refused one is left out, so that the others see the stored one.
   *
   * A cycle is allowed if each round of it goes back in time, such as today's run of A, yesterday's of B and
   * yesterday's of A: then no run waits for itself.
   */
  async add(specs: readonly ScheduleSpec[]): Promise<(ScheduleError | undefined)[]> {
    const dependent = specs.filter(({ dependsOn }) => dependsOn != null);
    if (dependent.length === 0) return specs.map(() => undefined);
    await this.#load(specs, dependent);
    const before = new Map(specs.map(({ groupId }) => [groupId, this.#specs.get(groupId)]));
    for (const spec of specs) this.#specs.set(spec.groupId, spec);
    if (!this.#hasCycle(dependent)) return specs.map(() => undefined);
    for (const [groupId, spec] of before) this.#specs.set(groupId, spec);
    return specs.map((spec) => {
      this.#specs.set(spec.groupId, spec);
      const error = spec.dependsOn == null ? undefined : this.#cycleOf(spec);
      if (error !== undefined) this.#specs.set(spec.groupId, before.get(spec.groupId));
      return error;
    });
  }

  /** Reads all groups that can be reached, level by level. */
  async #load(added: readonly ScheduleSpec[], dependent: readonly ScheduleSpec[]): Promise<void> {
    const seen = new Set<string>();
    let next = [...new Set([...added.map(({ groupId }) => groupId), ...dependent.flatMap(upstreamsOf)])];
    while (next.length > 0) {
      for (const id of next) seen.add(id);
      const level: string[] = [];
      for (let start = 0; start < next.length; start += BATCH) {
        const found = await this.#store.getSchedules(next.slice(start, start + BATCH));
        for (const schedule of found) {
          if (schedule === undefined) continue;
          this.#specs.set(schedule.spec.groupId, schedule.spec);
          level.push(...upstreamsOf(schedule.spec));
        }
      }
      next = [...new Set(level)].filter((id) => !seen.has(id));
    }
  }

  /** Returns whether there is a cycle of any kind on the way up from these groups: mostly there is none. */
  #hasCycle(specs: readonly ScheduleSpec[]): boolean {
    const done = new Set<string>();
    const onPath = new Set<string>();
    for (const first of specs) {
      const open: { readonly id: string; readonly rest: string[] }[] = [];
      const enter = (id: string): void => {
        const spec = this.#specs.get(id);
        onPath.add(id);
        open.push({ id, rest: spec?.dependsOn == null ? [] : dependenciesOf(spec) });
      };
      if (!done.has(first.groupId)) enter(first.groupId);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const next = top.rest.pop();
        if (next === undefined) {
          onPath.delete(top.id);
          done.add(top.id);
          open.pop();
        } else if (onPath.has(next)) {
          return true;
        } else if (!done.has(next)) {
          enter(next);
        }
      }
    }
    return false;
  }

  #cycleOf(spec: ScheduleSpec): ScheduleError | undefined {
    const round = this.#roundFrom(spec);
    if (round.size === 0) return undefined;
    for (const upper of this.#cutsOf(spec)) {
      const path = this.#waitsForItself(spec, upper, round);
      if (path === undefined) continue;
      return new ScheduleError(
        "DEPENDENCY_CYCLE",
        `dependsOn: ${path.join(" → ")} is a cycle in which the run that ends at ${iso(upper)} would wait for itself; a cycle has to go back in time, such as with window { from: "-1 day", to: "-1 day" }.`,
        { field: "dependsOn" },
      );
    }
    return undefined;
  }

  /** Returns the groups on cycles through a group: those that it reaches and that reach it. */
  #roundFrom({ groupId, dependsOn }: ScheduleSpec): ReadonlySet<string> {
    const isOwn = leavesOf(dependsOn!).some(({ dependency }) => dependency.groupId === groupId);
    const reached = new Set<string>();
    const readers = new Map<string, string[]>();
    for (const open = [groupId]; open.length > 0; ) {
      const id = open.pop()!;
      const spec = this.#specs.get(id);
      for (const upstream of spec === undefined ? [] : upstreamsOf(spec)) {
        readers.set(upstream, [...(readers.get(upstream) ?? []), id]);
        if (reached.has(upstream)) continue;
        reached.add(upstream);
        if (upstream !== groupId) open.push(upstream);
      }
    }
    if (!reached.has(groupId)) return new Set(isOwn ? [groupId] : []);
    const round = new Set([groupId]);
    for (const open = [groupId]; open.length > 0; ) {
      for (const reader of readers.get(open.pop()!) ?? []) {
        if (round.has(reader)) continue;
        round.add(reader);
        open.push(reader);
      }
    }
    return round;
  }

  /** Returns ends of a group's intervals, in a row and spread over the seasons. */
  #cutsOf(spec: ScheduleSpec): readonly number[] {
    const grid = this.#gridOf(spec);
    const cuts: number[] = [];
    let at = grid.origin() ?? spec.startTime;
    for (let count = 0; count < FOLLOWED.inARow; count += 1) {
      const next = grid.step(at, 1);
      if (next === at) return cuts;
      cuts.push(next);
      at = next;
    }
    for (let count = 1; count <= FOLLOWED.spread; count += 1)
      cuts.push(grid.step(at + Math.floor((FOLLOWED.overMs * count) / FOLLOWED.spread), 1));
    return cuts;
  }

  /**
   * Returns the path by which a run would wait for itself, or for a later one of its group; `undefined` if
   * every path goes back in time. Of the runs that a window needs, the last decides: all others end earlier.
   */
  #waitsForItself(spec: ScheduleSpec, upper: number, round: ReadonlySet<string>): string[] | undefined {
    const seen = new Set<string>();
    const open: Step[] = [{ groupId: spec.groupId, upper, from: undefined }];
    const earliest = upper - this.#reachMs(round, upper);
    for (let step = open.pop(); step !== undefined && seen.size < MOST_FOLLOWED; step = open.pop()) {
      const reader = this.#specs.get(step.groupId);
      if (reader?.dependsOn == null) continue;
      const calendar = windowCalendarOf(reader, this.#gridOf(reader));
      const interval = { lower: calendar.cut(step.upper, -1), upper: step.upper };
      for (const { dependency } of leavesOf(reader.dependsOn)) {
        const upstream = this.#specs.get(dependency.groupId);
        if (upstream === undefined || !round.has(dependency.groupId)) continue;
        const window = windowOf(dependency.window, interval, calendar);
        if (window.upper <= window.lower) continue;
        const needed = this.#gridOf(upstream).step(window.upper - 1, 1);
        const next: Step = { groupId: dependency.groupId, upper: needed, from: step };
        if (dependency.groupId === spec.groupId && needed >= upper) return pathOf(next);
        const key = `${dependency.groupId} ${needed}`;
        if (needed < window.upper || needed < earliest || seen.has(key)) continue;
        seen.add(key);
        open.push(next);
      }
    }
    return undefined;
  }

  /** Returns how far back in time a path may lead and still return: a few of the longest intervals and windows. */
  #reachMs(round: ReadonlySet<string>, at: number): number {
    let reach = 0;
    for (const id of round) {
      const spec = this.#specs.get(id)!;
      const calendar = windowCalendarOf(spec, this.#gridOf(spec));
      const interval = { lower: calendar.cut(at, -1), upper: at };
      reach += 2 * (interval.upper - interval.lower);
      for (const { dependency } of leavesOf(spec.dependsOn!))
        reach += Math.abs(windowOf(dependency.window, interval, calendar).upper - at);
    }
    return reach;
  }

  #gridOf(spec: ScheduleSpec): Grid {
    const known = this.#grids.get(spec) ?? new Grid(spec);
    this.#grids.set(spec, known);
    return known;
  }
}

/** Returns the groups that a schedule depends on; its own as well, if it does. */
function dependenciesOf({ dependsOn }: ScheduleSpec): string[] {
  return leavesOf(dependsOn!).map(({ dependency }) => dependency.groupId);
}

/** Returns the groups of a path, from the one that waits to the one that is waited for. */
function pathOf(last: Step): string[] {
  const path: string[] = [];
  for (let step: Step | undefined = last; step !== undefined; step = step.from) path.unshift(step.groupId);
  return path;
}
