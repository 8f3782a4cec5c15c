import { upstreamsOf } from "../../dependency/dependency.js";
import { poolsOf } from "../../pool/pooling.js";
import type { Schedule } from "../../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../../schedule/status.js";
import type { Page, PageRequest } from "../page.js";
import type { DueFire, DueQuery, NewSchedule, ScheduleFilter } from "../schedule-table.js";
import { newGroup } from "./group.js";
import { IndexedHeap } from "./indexed-heap.js";
import { OrderedList } from "./ordered-list.js";
import { positionAfter, takePage } from "./paging.js";
import type { Group } from "./rows.js";
import { compareText } from "./run-position.js";

/** The fields that decide which groups a group depends on. */
type LinkedGroup = Pick<Group, "groupId"> & { readonly schedule: Pick<Schedule, "spec"> };

/** The schedules of all groups: by id, in the order of listings, and by their next fire. */
export class ScheduleTable {
  readonly #byId = new Map<string, Group>();
  readonly #ordered = new OrderedList<Group>((a, b) => compareText(a.groupId, b.groupId));
  readonly #fires = new IndexedHeap<Group>(
    (a, b) => a.schedule.nextFireAt! - b.schedule.nextFireAt! || compareText(a.groupId, b.groupId),
  );

  /** Ids of groups by the groups that they depend on. */
  readonly #dependents = new Map<string, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  get(groupId: string): Group | undefined {
    return this.#byId.get(groupId);
  }

  /** Returns the ids of the groups that depend on one, in order. */
  dependentsOf(groupId: string): string[] {
    return [...(this.#dependents.get(groupId) ?? [])].sort(compareText);
  }

  /** Inserts a schedule; `false` if the group exists. */
  insert(added: NewSchedule): boolean {
    if (this.#byId.has(added.spec.groupId)) return false;
    const group = newGroup(added);
    this.#byId.set(group.groupId, group);
    this.#ordered.insert(group);
    this.#queueFire(group);
    this.#link(group, true);
    return true;
  }

  remove(group: Group): void {
    this.#byId.delete(group.groupId);
    this.#ordered.delete(group);
    this.#fires.remove(group);
    this.#link(group, false);
  }

  /** Changes the fields of a schedule and requeues it by its next fire. */
  update(group: Group, change: (schedule: Group["schedule"]) => void): void {
    const { spec } = group.schedule;
    this.#fires.remove(group);
    change(group.schedule);
    this.#queueFire(group);
    if (group.schedule.spec === spec) return;
    this.#link({ groupId: group.groupId, schedule: { spec } }, false);
    this.#link(group, true);
  }

  /** Notes which groups a group depends on, or forgets it. */
  #link({ groupId, schedule }: LinkedGroup, isLinked: boolean): void {
    for (const upstream of upstreamsOf(schedule.spec)) {
      const dependents = this.#dependents.get(upstream) ?? new Set();
      if (isLinked) dependents.add(groupId);
      else dependents.delete(groupId);
      if (dependents.size > 0) this.#dependents.set(upstream, dependents);
      else this.#dependents.delete(upstream);
    }
  }

  list(filter: ScheduleFilter, request: PageRequest): Page<Schedule> {
    return takePage(this.#select(filter, positionAfter(request, isText)), request, {
      view: ({ schedule }) => ({ ...schedule }),
      positionOf: ({ groupId }) => groupId,
    });
  }

  /** Returns whether a schedule that is not deleted needs a pool. */
  needsPool(name: string): boolean {
    for (const { schedule } of this.#byId.values())
      if (schedule.status !== "DELETED" && poolsOf(schedule.spec).some((use) => use.name === name))
        return true;
    return false;
  }

  due({ before, from = Number.NEGATIVE_INFINITY, engine, limit }: DueQuery): DueFire[] {
    const due: DueFire[] = [];
    for (const { groupId, schedule } of this.#fires.ascending()) {
      const { version, spec, nextFireAt } = schedule;
      const fireAt = nextFireAt!;
      if (fireAt > before || due.length >= limit) break;
      if (fireAt < from || (engine !== undefined && spec.engine !== engine)) continue;
      due.push({ groupId, version, engine: spec.engine, fireAt, scheduledTime: fireAt - spec.delayMs });
    }
    return due;
  }

  /** Makes groups due whose planning waited for runs to end. */
  resumeWaiting(): void {
    for (const group of this.#byId.values()) {
      const { waitsSince } = group;
      if (waitsSince === undefined) continue;
      group.waitsSince = undefined;
      this.update(group, (schedule) => {
        if (schedule.nextFireAt !== null) schedule.nextFireAt = Math.min(schedule.nextFireAt, waitsSince + 1);
      });
    }
  }

  *#select(filter: ScheduleFilter, after = ""): Generator<Group> {
    for (const group of this.#from(filter, after)) {
      if (group.groupId > after && matches(group.schedule, filter)) yield group;
    }
  }

  /** Yields the groups whose ids may match a filter, in order; few of them up to `after`. */
  *#from({ groupIds, groupIdPrefix = "" }: ScheduleFilter, after: string): Generator<Group> {
    if (groupIds !== undefined) {
      const groups = [...new Set(groupIds)].sort(compareText).map((groupId) => this.#byId.get(groupId));
      yield* groups.filter((group) => group !== undefined);
      return;
    }
    const first = after > groupIdPrefix ? after : groupIdPrefix;
    for (const group of this.#ordered.ascending(({ groupId }) => groupId < first)) {
      if (!group.groupId.startsWith(groupIdPrefix)) return;
      yield group;
    }
  }

  #queueFire(group: Group): void {
    const { status, nextFireAt } = group.schedule;
    if (nextFireAt !== null && SCHEDULE_STATUSES[status].plans) this.#fires.add(group);
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function matches({ spec, status }: Schedule, filter: ScheduleFilter): boolean {
  const { groupIds, groupIdPrefix, statuses, engine, labels } = filter;
  return (
    (groupIds === undefined || groupIds.includes(spec.groupId)) &&
    (groupIdPrefix === undefined || spec.groupId.startsWith(groupIdPrefix)) &&
    (statuses === undefined || statuses.includes(status)) &&
    (engine === undefined || spec.engine === engine) &&
    (labels === undefined || Object.entries(labels).every(([key, value]) => spec.labels[key] === value))
  );
}
