import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { isolated, OwnError } from "./isolated.js";
import type { PlanWork } from "./plan-work.js";
import type { ScheduleCache } from "./schedule-cache.js";
import type { SnapshotStates } from "./snapshot-states.js";
import type { SpecCache } from "./spec-cache.js";

/** Dependencies of `ScheduleReader`. */
export interface ScheduleReaderParts {
  readonly store: ScheduleStore;
  readonly specs: SpecCache;
  readonly cache: ScheduleCache;
  readonly snapshots: SnapshotStates;
  /** Called with a group whose schedule cannot be read or used. */
  readonly fail: (work: PlanWork, error: unknown, schedule: Schedule | undefined) => Promise<void>;
}

/** Reads all that planning has to know of groups that are not in memory. */
export class ScheduleReader {
  readonly #parts: ScheduleReaderParts;

  constructor(parts: ScheduleReaderParts) {
    this.#parts = parts;
  }

  /**
   * Reads schedules into the cache. If other groups are planned in the same batch, they continue when these cannot be read.
   *
   * @throws StoreError if the store as a whole fails and there are no others
   */
  async read(works: readonly PlanWork[], areOthers: boolean): Promise<void> {
    try {
      await this.#read(works);
    } catch (error) {
      if (!areOthers) throw error;
      for (const work of works) await this.#parts.fail(work, error, undefined);
    }
  }

  /** Reads the schedules that are not in memory, or whose lane counts matter. */
  async #read(works: readonly PlanWork[]): Promise<void> {
    const { store, specs, cache } = this.#parts;
    const schedules = await isolated(works, (part) => store.getSchedules(part.map(({ groupId }) => groupId)));
    const uncovered = await this.#readUncovered(works, schedules);
    const snapshots = await this.#parts.snapshots.read(schedules.filter(isRead));
    for (const [index, schedule] of schedules.entries()) {
      works[index]!.isUnknown = schedule === undefined;
      if (schedule === undefined) continue;
      try {
        if (schedule instanceof OwnError) throw schedule.error;
        specs.remember(schedule);
        const { groupId } = schedule.spec;
        const cancelled = uncovered.get(groupId);
        const hasNone = cancelled === undefined || cancelled.length === 0;
        const copy = hasNone ? undefined : await newestSnapshot(store, groupId);
        cache.add(schedule, cancelled, snapshots.get(groupId), copy);
      } catch (error) {
        await this.#parts.fail(works[index]!, error, schedule instanceof OwnError ? undefined : schedule);
      }
    }
  }

  /**
   * Reads the cancelled runs that nothing covers, oldest first, where there may be some. An engine's fire of
   * another policy than `cancel-running` does without: whoever records such an end asks for a plan, and so
   * does the watchdog. A copy that makes up for a loss is planned with what is owed next.
   */
  async #readUncovered(
    works: readonly PlanWork[],
    schedules: readonly (Schedule | OwnError | undefined)[],
  ): Promise<Map<string, Run[]>> {
    const groups = new Map<string, Run[]>();
    for (const [index, { groupId, mayBeUncovered }] of works.entries()) {
      const schedule = schedules[index];
      if (!isRead(schedule)) continue;
      const { overlap, onLoss } = schedule.spec;
      if (mayBeUncovered || overlap === "cancel-running" || onLoss === "resnapshot") groups.set(groupId, []);
    }
    if (groups.size === 0) return groups;
    const [first] = groups.keys();
    const filter = { isUncovered: true, ...(groups.size === 1 ? { groupId: first! } : {}) } as const;
    for await (const run of eachRun(this.#parts.store, filter)) groups.get(run.groupId)?.push(run);
    return groups;
  }
}

function isRead(schedule: Schedule | OwnError | undefined): schedule is Schedule {
  return schedule !== undefined && !(schedule instanceof OwnError);
}
