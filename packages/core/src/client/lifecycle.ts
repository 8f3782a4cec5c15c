import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock/clock.js";
import { upstreamsOf } from "../dependency/dependency.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { hasCode, isTidegateError, messageOf, ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import { nextFireAfter } from "../planning/plan-decision.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleInfo, ScheduleSpec } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES, sourceGroup, transition } from "../schedule/status.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import { DependencyGraph } from "./dependency-graph.js";
import { dependencyNotes } from "./dependency-notes.js";
import { refuseWideLane } from "./first-copy.js";
import { notesOf } from "./notes.js";
import type { PoolControl } from "./pool-control.js";
import { Purging } from "./purging.js";
import type { RegisteredSchedule } from "./registration.js";
import { type ScheduleChanges, staleVersion } from "./schedule-changes.js";
import { groupIdOf, type SpecReader } from "./spec-reader.js";
import { refusalsOfUnknown } from "./unknown-groups.js";
import { UNREGISTERED } from "./unregistered-runs.js";

/** Dependencies of `Lifecycle`. */
export interface LifecycleParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly planner: IntervalPlanner;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly dispatcher: Dispatcher;
  readonly pools: PoolControl;
}

/** Options of a schedule update. */
export interface UpdateOptions {
  /** The version that the change is based on. */
  readonly version: number;
  /** Whether waiting runs keep the version they were planned with or adopt the new one. @default "keep" */
  readonly plannedRuns?: "keep" | "adopt";
}

/** Options of an unregistration. */
export interface UnregisterOptions {
  /** Whether to delete the ledger as well, permanently. @default false */
  readonly purge?: boolean;
  /** Fails unless this is still the schedule's version. @default any version */
  readonly version?: number;
  /**
   * Whether to do so although other groups depend on it, whose runs wait then; and to purge although jobs of runs that have
   * ended may still be working. @default false
   */
  readonly force?: boolean;
}

/** How often a change is made that others get ahead of; far more than occurs in practice. */
const MOST_ATTEMPTS = 10;

/** Most groups that an error names. */
const MOST_NAMED = 5;

/** Updates, pauses, resumes and removes schedules. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #purging: Purging;

  /** The failed run already blocks the lane, so a crash before the pause lets nothing through. */
  readonly #onPauseRequested = (run: Run): void => {
    const pausing = this.#pauseAfter(run).catch((error: unknown) => {
      this.#parts.emitter.emit("trouble", {
        where: "dispatcher",
        groupId: run.groupId,
        error: { code: "PAUSE_FAILED", message: messageOf(error) },
      });
    });
    this.#pausing.add(pausing);
    void pausing.finally(() => this.#pausing.delete(pausing));
  };
  readonly #pausing = new Set<Promise<void>>();

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#purging = new Purging(parts);
  }

  start(): void {
    this.#parts.signals.on("pause-requested", this.#onPauseRequested);
  }

  /** Waits for pauses in progress: the last failure may come as the manager stops. */
  async stop(): Promise<void> {
    this.#parts.signals.off("pause-requested", this.#onPauseRequested);
    await Promise.all(this.#pausing);
  }

  async update(info: ScheduleInfo<object>, expected: UpdateOptions): Promise<RegisteredSchedule> {
    const { specs, changes, pools, clock } = this.#parts;
    const before = await this.#get(groupIdOf(info), expected.version);
    if (before.status === "SOURCE") throw sourceGroup(before.spec.groupId);
    const spec =
      before.unreadable === null ? specs.read(info, before.spec) : specs.readAgain(info, before.spec);
    refuseIllegalUpdate(before, spec);
    specs.refuseOtherData(before, spec);
    await specs.refuseLateCopy(this.#parts.store, before, spec);
    await refuseWideLane(this.#parts.store, spec);
    await this.#refuseCycle(spec);
    await this.#refuseUnknown(spec, before);
    const adoptsPlanned = expected.plannedRuns === "adopt";
    if (isDeepStrictEqual(spec, before.spec)) {
      if (adoptsPlanned) await changes.change(before, { adoptsPlanned });
      return this.#withNotes(before);
    }
    await pools.refuseUnknown(spec);
    const grid = new Grid(spec);
    const hasLedger = before.watermark > before.origin;
    const watermark = hasLedger ? before.watermark : (grid.origin() ?? before.watermark);
    const status = transition(spec.groupId, before.status, "update");
    await changes.change(before, {
      status,
      statusReason: before.status === "PAUSED" ? before.statusReason : null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: status === "PAUSED" ? 0 : laneWidth(spec),
      nextFireAt: nextFireAfter({ ...before, watermark }, grid, clock.now()),
      adoptsPlanned,
      ...(hasLedger ? {} : { origin: watermark }),
    });
    return this.#withNotes(await changes.deliver(spec.groupId));
  }

  async pause(groupId: string, note: string, version?: number): Promise<Schedule> {
    const { changes } = this.#parts;
    await this.#changed(groupId, version, (before) =>
      changes.change(before, {
        status: transition(groupId, before.status, "pause"),
        statusReason: note === "" ? null : note,
        laneWidth: 0,
      }),
    );
    return changes.deliver(groupId);
  }

  /**
   * Resumes a paused schedule; any other stays as it is. Runs that blocked because of `onFailure: "pause"` no
   * longer do: the person who resumes has seen them.
   */
  resume(groupId: string, version?: number): Promise<Schedule> {
    return this.#changed(groupId, version, (before) => this.#resume(before));
  }

  async #resume(before: Schedule): Promise<Schedule> {
    const { changes, clock } = this.#parts;
    const { groupId } = before.spec;
    if (SCHEDULE_STATUSES[before.status].plans) return before;
    requireReadable(before);
    const status = transition(groupId, before.status, "resume");
    if (before.spec.onFailure === "pause") await this.#unblock(groupId);
    await changes.change(before, {
      status,
      statusReason: null,
      laneWidth: laneWidth(before.spec),
      nextFireAt: nextFireAfter(before, new Grid(before.spec), clock.now()),
    });
    return changes.deliver(groupId);
  }

  async unregister(groupId: string, options: UnregisterOptions): Promise<void> {
    const { changes } = this.#parts;
    const seen = await this.#get(groupId, options.version);
    if (options.force !== true) await this.#refuseDependedOn(groupId);
    if (seen.status === "SOURCE" && options.purge === true) return this.#purging.purgeSource(seen);
    const isChanged = await this.#changed(groupId, options.version, async (before) => {
      if (before.status === "DELETED") return false;
      await this.#parts.dispatcher.stopPlanned(groupId);
      await changes.change(before, {
        status: transition(groupId, before.status, "unregister"),
        statusReason: null,
        laneWidth: 0,
        nextFireAt: null,
        cancelPlanned: UNREGISTERED,
      });
      return true;
    });
    if (isChanged) await changes.deliver(groupId);
    if (options.purge === true) await this.#purging.purgeDeleted(groupId, options.force === true);
  }

  /**
   * Makes a change, and makes it again if another one came in between, such as what an engine has answered or the same change
   * of another person: a caller that names no version means the schedule as it is, but not one that was registered after a purge.
   *
   * @param change - is given the schedule as it was read
   */
  async #changed<T>(
    groupId: string,
    version: number | undefined,
    change: (before: Schedule) => Promise<T>,
  ): Promise<T> {
    const first = await this.#get(groupId, version);
    let before = first;
    for (let left = version === undefined ? MOST_ATTEMPTS : 1; ; left -= 1) {
      try {
        return await change(before);
      } catch (error) {
        if (left === 1 || !hasCode(error, "SCHEDULE_VERSION_STALE")) throw error;
        before = await this.#get(groupId, undefined);
        if (before.incarnation !== first.incarnation) throw error;
      }
    }
  }

  /** Returns a schedule if it still has the version that the caller has seen, or if the caller names none. */
  async #get(groupId: string, version: number | undefined): Promise<Schedule> {
    const schedule = await this.#parts.changes.get(groupId);
    if (version !== undefined && schedule.version !== version) throw staleVersion(schedule, version);
    return schedule;
  }

  async #withNotes(schedule: Schedule): Promise<RegisteredSchedule> {
    const { clock, specs, store } = this.#parts;
    const waits = await dependencyNotes(store, schedule.spec);
    return { schedule, notes: [...waits, ...notesOf(schedule, clock.now(), specs.notesOn(schedule.spec))] };
  }

  async #refuseCycle(spec: ScheduleSpec): Promise<void> {
    const [cycle] = await new DependencyGraph(this.#parts.store).add([spec]);
    if (cycle !== undefined) throw cycle;
  }

  /** Refuses new dependencies on groups that do not exist; one whose group was purged may stay as it is. */
  async #refuseUnknown(spec: ScheduleSpec, before: Schedule): Promise<void> {
    const known = new Set(before.unreadable === null ? upstreamsOf(before.spec) : []);
    const [refusal] = await refusalsOfUnknown(this.#parts.store, [spec], known);
    if (refusal !== undefined) throw refusal;
  }

  /** Runs of groups that depend on a group which is gone would wait for ever. */
  async #refuseDependedOn(groupId: string): Promise<void> {
    const { store } = this.#parts;
    const [dependents = []] = await store.dependentsOf([groupId]);
    const schedules = await store.getSchedules(dependents);
    const open = dependents.filter((_, index) => {
      const schedule = schedules[index];
      return schedule !== undefined && SCHEDULE_STATUSES[schedule.status].isRegistered;
    });
    if (open.length === 0) return;
    const named = open.slice(0, MOST_NAMED).join(", ");
    const rest = open.length > MOST_NAMED ? ` and ${open.length - MOST_NAMED} more` : "";
    throw new ScheduleError(
      "DEPENDED_ON",
      `Group ${groupId} is depended on by ${named}${rest}; update them first, or unregister it with force: then their runs wait until it is registered again.`,
      { field: "groupId" },
    );
  }

  /** Another failed run may have paused the schedule already, and an ended schedule has nothing to pause. */
  async #pauseAfter(run: Run): Promise<void> {
    const note = `Run ${run.id} has failed and onFailure is "pause".`;
    const [schedule] = await this.#parts.store.getSchedules([run.groupId]);
    if (schedule === undefined || !SCHEDULE_STATUSES[schedule.status].plans) return;
    try {
      await this.pause(run.groupId, note);
    } catch (error) {
      if (!isTidegateError(error) || error.code !== "SCHEDULE_VERSION_STALE") throw error;
      await this.#pauseAfter(run);
    }
  }

  async #unblock(groupId: string): Promise<void> {
    const { store, clock } = this.#parts;
    const blocking = await store.listRuns(
      { groupId, isBlocking: true, states: ["FAILED"] },
      { limit: 1_000 },
    );
    const at = clock.now();
    // A copy that may still be written would take the place of what follows it.
    const passed = blocking.items.filter(({ snapshot, isJobOpen }) => snapshot === null || !isJobOpen);
    await store.changeRuns(
      passed.map(({ id }) => ({ id, from: ["FAILED"], state: "FAILED", at, isBlocking: false })),
    );
    if (blocking.next !== undefined) await this.#unblock(groupId);
  }
}

function refuseIllegalUpdate(before: Schedule, spec: ScheduleSpec): void {
  if (
    before.unreadable === null &&
    spec.startTime !== before.spec.startTime &&
    before.watermark > before.origin
  ) {
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      "startTime: cannot be changed once intervals are planned; the ledger continues at its watermark.",
      { field: "startTime" },
    );
  }
}
