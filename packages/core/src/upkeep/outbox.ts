import type { Clock } from "../clock/clock.js";
import { engineSchedule } from "../engine/engine-schedule.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { isUnplannable } from "../planning/failing-groups.js";
import { isolated, OwnError } from "../planning/isolated.js";
import type { Schedule } from "../schedule/schedule.js";
import { nextStatus, SCHEDULE_STATUSES, type ScheduleAction } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleChange } from "../store/schedule-table.js";
import type { EngineRegistry } from "./engine-registry.js";

/** After this many refused calls for one batch, the engine is assumed to be unavailable. */
const MAX_REFUSALS = 24;

interface OutboxParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly engines: EngineRegistry;
}

/**
 * Brings engines in line with the store, and records whether they accepted. The status changes in the store
 * before the engine is called; after a crash in between, the reconciler finishes the delivery that the status
 * shows.
 */
export class EngineOutbox {
  readonly #parts: OutboxParts;
  /** Number of deliveries in progress here for each group. */
  readonly #underWay = new Map<string, number>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /**
   * Notifies the engines of these schedules, with one call per engine and kind of change, and records the
   * answers.
   */
  async deliver(schedules: readonly Schedule[]): Promise<void> {
    for (const groupId of groupIdsOf(schedules)) this.#count(groupId, 1);
    try {
      await this.#deliver(schedules);
    } finally {
      for (const groupId of groupIdsOf(schedules)) this.#count(groupId, -1);
    }
  }

  /**
   * Like `deliver`, but skips schedules whose delivery is in progress here: it handles those left by a crash
   * or a refusal.
   */
  deliverLeft(schedules: readonly Schedule[]): Promise<void> {
    return this.deliver(schedules.filter(({ spec }) => !this.#underWay.has(spec.groupId)));
  }

  #count(groupId: string, change: number): void {
    const count = (this.#underWay.get(groupId) ?? 0) + change;
    if (count > 0) this.#underWay.set(groupId, count);
    else this.#underWay.delete(groupId);
  }

  async #deliver(schedules: readonly Schedule[]): Promise<void> {
    const former = await this.#formerEngines(schedules);
    // An engine cannot be told when an unreadable schedule fires, but that it is gone or paused.
    const tellable = schedules.filter(
      ({ status, unreadable }) => unreadable === null || !SCHEDULE_STATUSES[status].isHeld,
    );
    for (const [engine, batch] of groupBy(tellable, (schedule) => schedule.spec.engine)) {
      const leaving = batch.filter(({ status }) => status === "DELETING");
      const paused = batch.filter(({ status }) => status === "PAUSED");
      const added = batch.filter(({ status, version }) => SCHEDULE_STATUSES[status].isHeld && version === 1);
      const held = batch.filter(({ status, version }) => SCHEDULE_STATUSES[status].isHeld && version > 1);
      const moved = held.filter(({ spec }) => former.has(spec.groupId));
      const changed = held.filter(({ spec }) => !former.has(spec.groupId));
      const client = () => this.#parts.engines.clientOf(engine);
      // The new engine first: both fire in between, which does no harm, whereas a time without either would
      // cause lateness.
      const move = async (part: readonly Schedule[]) => {
        await client().register(part.map(engineSchedule));
        await this.#release(part, former);
      };
      const remove = async (part: readonly Schedule[]) => {
        await client().unregister(groupIdsOf(part));
        await this.#release(part, former);
      };
      await this.#tell(added, (part) => client().register(part.map(engineSchedule)), "engine-accepted");
      await this.#tell(changed, (part) => client().update(part.map(engineSchedule)), "engine-accepted");
      await this.#tell(moved, move, "engine-accepted");
      await this.#tell(leaving, remove, "engine-released");
      await this.#tell(paused, remove, undefined);
    }
  }

  /**
   * Returns the engines that may still hold a group because it has moved: those of the versions before the
   * current one, back to the last with the same engine. Groups that have not moved are absent. Repeated
   * notifications do no harm.
   */
  async #formerEngines(schedules: readonly Schedule[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const former = new Map<string, ReadonlySet<string>>();
    for (const { spec, version } of schedules) {
      if (version === 1) continue;
      const versions = await this.#parts.store.listVersions(spec.groupId);
      const earlier = versions.filter((each) => each.version < version && each.unreadable === null).reverse();
      const since = earlier.findIndex((each) => each.spec.engine === spec.engine);
      const engines = new Set(
        (since < 0 ? earlier : earlier.slice(0, since)).map((each) => each.spec.engine),
      );
      if (engines.size > 0) former.set(spec.groupId, engines);
    }
    return former;
  }

  /**
   * Unregisters groups from their former engines. An engine that this process does not have is notified by
   * the reconciler of a process that has it.
   */
  async #release(
    schedules: readonly Schedule[],
    former: ReadonlyMap<string, ReadonlySet<string>>,
  ): Promise<void> {
    const moves = schedules.flatMap(({ spec: { groupId } }) =>
      [...(former.get(groupId) ?? [])].map((engine) => ({ engine, groupId })),
    );
    for (const [engine, groups] of groupBy(moves, (each) => each.engine)) {
      if (!this.#parts.engines.has(engine)) continue;
      await this.#parts.engines.clientOf(engine).unregister(groups.map(({ groupId }) => groupId));
    }
  }

  /** Notifies an engine; one schedule that it refuses does not affect the others. */
  async #tell(
    schedules: readonly Schedule[],
    call: (part: readonly Schedule[]) => Promise<void>,
    accepted: ScheduleAction | undefined,
  ): Promise<void> {
    if (schedules.length === 0) return;
    try {
      const answers = await toldApart(schedules, call);
      const taken = schedules.filter((_, index) => !(answers[index] instanceof OwnError));
      if (accepted !== undefined) await this.#record(taken, accepted, null);
      for (const [index, answer] of answers.entries()) {
        if (answer instanceof OwnError)
          await this.#record([schedules[index]!], "engine-refused", messageOf(answer.error));
      }
    } catch (error) {
      await this.#record(schedules, "engine-refused", messageOf(error));
    }
  }

  async #record(
    schedules: readonly Schedule[],
    action: ScheduleAction,
    reason: string | null,
  ): Promise<void> {
    const changes = schedules.flatMap((schedule): ScheduleChange[] => {
      const status = nextStatus(schedule.status, action);
      // Nothing is recorded for a schedule that was `REGISTERED` from the start, since its engine keeps no
      // definitions, nor for a paused or deleting one whose engine cannot be notified.
      // A schedule that cannot be planned stays `FAILED`, whatever its engine says.
      if (status === undefined || (schedule.status === "FAILED" && isUnplannable(schedule))) return [];
      return [
        {
          groupId: schedule.spec.groupId,
          expected: { version: schedule.version, statuses: [schedule.status] },
          updatedAt: this.#parts.clock.now(),
          status,
          statusReason: reason,
        },
      ];
    });
    if (reason !== null) this.#trouble(schedules, reason);
    if (changes.length === 0) return;
    const results = await this.#parts.store.changeSchedules(changes);
    changes.forEach((change, index) => {
      if (!results[index]) return;
      this.#parts.emitter.emit("schedule-status", {
        groupId: change.groupId,
        version: change.expected.version,
        status: change.status!,
        reason,
      });
    });
  }

  #trouble(schedules: readonly Schedule[], message: string): void {
    const first = schedules[0]!;
    this.#parts.emitter.emit("trouble", {
      where: "engine",
      groupId: first.spec.groupId,
      error: { code: "ENGINE_FAILED", message: `Engine ${first.spec.engine}: ${message}` },
    });
  }
}

/**
 * Passes schedules or groups to an engine; returns an error for each that it refuses.
 *
 * @throws what the engine throws if it accepts none, or refuses too many
 */
export function toldApart<T>(
  items: readonly T[],
  call: (part: readonly T[]) => Promise<void>,
): Promise<(true | OwnError)[]> {
  return isolated(
    items,
    async (part) => {
      await call(part);
      return part.map(() => true as const);
    },
    MAX_REFUSALS,
  );
}

/** Returns the group ids of schedules, in their order. */
export function groupIdsOf(schedules: readonly Schedule[]): string[] {
  return schedules.map(({ spec }) => spec.groupId);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
