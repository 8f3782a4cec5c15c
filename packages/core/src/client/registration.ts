import type { Clock } from "../clock/clock.js";
import { asError } from "../errors/as-error.js";
import { ScheduleError } from "../errors/errors.js";
import type { SignalEmitter } from "../events/signals.js";
import { isolated, OwnError } from "../planning/isolated.js";
import { nextFireAt } from "../planning/plan-decision.js";
import type { SourceLooks } from "../planning/source-looks.js";
import { isWatched } from "../schedule/deadline.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import { sourceGroup, transition } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { NewSchedule } from "../store/schedule-table.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import { type EngineOutbox, groupIdsOf } from "../upkeep/outbox.js";
import { DependencyGraph } from "./dependency-graph.js";
import { dependencyNotes } from "./dependency-notes.js";
import { refuseWideLane } from "./first-copy.js";
import { notesOf } from "./notes.js";
import type { PoolControl } from "./pool-control.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import { groupIdOf, type SpecReader } from "./spec-reader.js";
import { refusalsOfUnknown } from "./unknown-groups.js";
import {
  countUnregistered,
  resumedFrom,
  revivedNotes,
  UNREGISTERED,
  unregisteredNotes,
} from "./unregistered-runs.js";

/** A schedule as it was registered or updated, with notes for people. */
export interface RegisteredSchedule {
  readonly schedule: Schedule;
  /**
   * Plain sentences: what happens to runs that an unregistration has cancelled, what is owed at once, the
   * operator's notes on the job, and the days of daylight saving in the next year with their effects.
   */
  readonly notes: readonly string[];
}

/** Result for one schedule of `registerMany`. */
export type RegistrationResult =
  | { readonly groupId: string; readonly isRegistered: true }
  | { readonly groupId: string; readonly isRegistered: false; readonly error: Error };

/** Dependencies of `Registration`. */
export interface RegistrationParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly signals: SignalEmitter;
  readonly outbox: EngineOutbox;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly pools: PoolControl;
  readonly looks: SourceLooks;
}

/** Most schedules that are inserted together. */
const BATCH = 5_000;

/** Notes that the schedule at an index is refused. */
type Fail = (index: number, error: unknown) => void;

/** A schedule that was read, and its place among those given. */
interface Checked {
  readonly index: number;
  readonly schedule: NewSchedule;
}

/** Registers schedules: first in the store, then at the engine. */
export class Registration {
  readonly #parts: RegistrationParts;

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  async register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    const revived = new Map<string, number>();
    const result = (await this.#registerAll([info], revived))[0]!;
    if (!result.isRegistered) throw result.error;
    const { changes, clock, specs, store } = this.#parts;
    const { groupId } = result;
    const schedule = await changes.get(groupId);
    const before = revived.get(groupId);
    const left = before === undefined ? 0 : await countUnregistered(store, groupId);
    const notes = notesOf(schedule, clock.now(), specs.notesOn(schedule.spec));
    const waits = await dependencyNotes(store, schedule.spec);
    const runs = [...revivedNotes((before ?? 0) - left), ...unregisteredNotes(left)];
    return { schedule, notes: [...runs, ...waits, ...notes] };
  }

  registerMany(infos: readonly ScheduleInfo<object>[]): Promise<RegistrationResult[]> {
    return this.#registerAll(infos, new Map());
  }

  /**
   * Checks all schedules before it inserts the first: those that depend on a refused one are refused as well.
   *
   * @param unregistered - receives, for each group registered again, how many runs wait to be planned again
   */
  async #registerAll(
    infos: readonly ScheduleInfo<object>[],
    unregistered: Map<string, number>,
  ): Promise<RegistrationResult[]> {
    const results: RegistrationResult[] = infos.map((info) => ({
      groupId: groupIdOf(info),
      isRegistered: true,
    }));
    const fail = (index: number, error: unknown): void => {
      results[index] = { groupId: groupIdOf(infos[index]), isRegistered: false, error: asError(error) };
    };
    const accepted = await this.#check(infos, fail);
    for (let start = 0; start < accepted.length; start += BATCH)
      await this.#insert(infos, accepted.slice(start, start + BATCH), unregistered, fail);
    return results;
  }

  /** Returns the schedules that may be registered. */
  async #check(infos: readonly ScheduleInfo<object>[], fail: Fail): Promise<readonly Checked[]> {
    const { store, specs, pools } = this.#parts;
    const read: Checked[] = [];
    for (const [index, info] of infos.entries()) {
      try {
        const spec = specs.read(info);
        read.push({ index, schedule: { ...specs.begin(spec), ...(await this.#startedReading(spec)) } });
      } catch (error) {
        fail(index, error);
      }
    }
    const specified = read.map(({ schedule }) => schedule.spec);
    const [cycles, refusals] = [
      await new DependencyGraph(store).add(specified),
      await pools.refusals(specified),
    ];
    const without = (checked: readonly Checked[], errors: readonly (Error | undefined)[]): Checked[] =>
      checked.filter(({ index }, position) => {
        const error = errors[position];
        if (error !== undefined) fail(index, error);
        return error === undefined;
      });
    const sound = without(
      read,
      read.map((_, position) => cycles[position] ?? refusals[position]),
    );
    const unknown = await refusalsOfUnknown(
      store,
      sound.map(({ schedule }) => schedule.spec),
    );
    return without(sound, unknown);
  }

  async #insert(
    infos: readonly ScheduleInfo<object>[],
    accepted: readonly Checked[],
    unregistered: Map<string, number>,
    fail: Fail,
  ): Promise<void> {
    const { store, outbox } = this.#parts;
    const inserted = await isolated(accepted, (part) =>
      store.insertSchedules(part.map(({ schedule }) => schedule)),
    );
    const fresh: Schedule[] = [];
    for (const [position, { index, schedule }] of accepted.entries()) {
      const isInserted = inserted[position];
      if (isInserted instanceof OwnError) {
        fail(index, isInserted.error);
        continue;
      }
      if (isInserted) {
        fresh.push(asSchedule(schedule));
        continue;
      }
      try {
        unregistered.set(schedule.spec.groupId, await this.#registerAgain(infos[index]!));
      } catch (error) {
        fail(index, error);
      }
    }
    const watched = fresh.filter(({ spec }) => isWatched(spec));
    if (watched.length > 0) this.#parts.signals.emit("deadlines-changed", groupIdsOf(watched));
    await outbox.deliver(fresh);
  }

  /**
   * Looks where the source of a new group ends if reading begins there: what comes before the first fire is to be
   * read. Any other beginning is found by the first fire.
   */
  async #startedReading(spec: ScheduleSpec): Promise<Pick<NewSchedule, "offsets">> {
    const { store, looks } = this.#parts;
    if (spec.boundaryType !== "OFFSET" || spec.startAt !== "latest") return {};
    const [known] = await store.getSchedules([spec.groupId]);
    if (known !== undefined) return {};
    const offsets = await looks.begin({ source: spec.source, startAt: spec.startAt });
    await looks.hold(spec, offsets);
    return { offsets };
  }

  /**
   * Registers a group that was unregistered before. Its ledger continues at the watermark, and runs that
   * waited when it was unregistered are planned again with the new version. Only an explicit, later start
   * gives up what lies before it: those runs stay cancelled, and the time from the watermark becomes a
   * skipped run that says so, as soon as the first interval is planned.
   *
   * @returns how many runs the unregistration had cancelled
   */
  async #registerAgain(info: ScheduleInfo<object>): Promise<number> {
    const { changes, specs, store, pools } = this.#parts;
    const before = await changes.get(info.groupId);
    if (before.status === "SOURCE") throw sourceGroup(info.groupId);
    const spec = specs.readAgain(info, before.spec);
    specs.refuseOtherData(before, spec);
    await specs.refuseLateCopy(store, before, spec);
    await refuseWideLane(store, spec);
    await pools.refuseUnknown(spec);
    if (before.status !== "DELETED") {
      throw new ScheduleError(
        "SCHEDULE_EXISTS",
        `Group ${spec.groupId} has a schedule; use update to change it, or ensure to register or update.`,
        { field: "groupId" },
      );
    }
    const unregistered = await countUnregistered(store, spec.groupId);
    await changes.change(before, {
      status: transition(spec.groupId, before.status, "register-again"),
      statusReason: null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: laneWidth(spec),
      nextFireAt: nextFireAt(new Grid(spec), before.watermark),
      revivesCancelled: { reason: UNREGISTERED, from: resumedFrom(before.spec, spec) },
    });
    await changes.deliver(spec.groupId);
    return unregistered;
  }
}

/** Builds a schedule just inserted without reading it back from the store. */
function asSchedule({
  spec,
  status,
  incarnation,
  origin,
  watermark,
  nextFireAt: fireAt,
  offsets = null,
  createdAt,
}: NewSchedule): Schedule {
  return {
    spec,
    unreadable: null,
    version: 1,
    status,
    statusReason: null,
    incarnation,
    origin,
    watermark,
    nextFireAt: fireAt,
    offsets,
    admittedRuns: 0,
    gatedRuns: 0,
    waitingRuns: 0,
    blockingRuns: 0,
    createdAt,
    updatedAt: createdAt,
  };
}
