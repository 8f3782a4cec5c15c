import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { isTidegateError, messageOf, ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { nextFireAt } from "../planning/plan-decision.js";
import type { IntervalPlanner } from "../planning/planner.js";
import type { Run } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import { laneWidth } from "../schedule/normalize.js";
import type { Schedule, ScheduleInfo, ScheduleSpec, ScheduleStatus } from "../schedule/schedule.js";
import { transition } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { tzdataVersion } from "../trigger/zone/zone.js";
import { notesOf } from "./notes.js";
import type { RegisteredSchedule } from "./registration.js";
import { type ScheduleChanges, staleVersion } from "./schedule-changes.js";
import { groupIdOf, type SpecReader } from "./spec-reader.js";

/** What a schedule's life after its registration is led with. */
export interface LifecycleParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly planner: IntervalPlanner;
  readonly specs: SpecReader;
  readonly changes: ScheduleChanges;
  readonly dispatcher: Dispatcher;
}

/** Statuses in which a schedule has something to pause. */
const PAUSABLE: readonly ScheduleStatus[] = ["REGISTERING", "REGISTERED", "FAILED"];

/** Updates, pauses, resumes and removes schedules. */
export class Lifecycle {
  readonly #parts: LifecycleParts;

  /** The lane is blocked by the failed run already, so a crash before the pause lets nothing through. */
  readonly #onPauseRequested = (run: Run): void => {
    this.#pauseAfter(run).catch((error: unknown) => {
      this.#parts.emitter.emit("trouble", {
        where: "dispatcher",
        groupId: run.groupId,
        error: { code: "PAUSE_FAILED", message: messageOf(error) },
      });
    });
  };

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.emitter.on("pause-requested", this.#onPauseRequested);
  }

  stop(): void {
    this.#parts.emitter.off("pause-requested", this.#onPauseRequested);
  }

  async update(info: ScheduleInfo, expected: { readonly version: number }): Promise<RegisteredSchedule> {
    const { specs, changes } = this.#parts;
    const before = await changes.get(groupIdOf(info));
    if (before.version !== expected.version) throw staleVersion(before, expected.version);
    const spec = specs.read(info, before.spec);
    refuseIllegalUpdate(before, spec);
    if (JSON.stringify(spec) === JSON.stringify(before.spec)) return this.#withNotes(before);
    const grid = new Grid(spec);
    const hasLedger = before.watermark > before.origin;
    const watermark = hasLedger ? before.watermark : (grid.origin() ?? before.watermark);
    const status = transition(spec.groupId, before.status, "update");
    await changes.change(before, {
      status,
      statusReason: before.status === "PAUSED" ? before.statusReason : null,
      spec: { spec, tzdata: tzdataVersion() },
      laneWidth: status === "PAUSED" ? 0 : laneWidth(spec),
      nextFireAt: nextFireAt(grid, watermark),
      ...(hasLedger ? {} : { origin: watermark }),
    });
    return this.#withNotes(await changes.deliver(spec.groupId));
  }

  async pause(groupId: string, note: string): Promise<Schedule> {
    const { changes } = this.#parts;
    const before = await changes.get(groupId);
    await changes.change(before, {
      status: transition(groupId, before.status, "pause"),
      statusReason: note === "" ? null : note,
      laneWidth: 0,
    });
    return changes.deliver(groupId);
  }

  /** Runs that blocked because of `onFailure: "pause"` no longer do: who resumes has seen them. */
  async resume(groupId: string): Promise<Schedule> {
    const { changes } = this.#parts;
    const before = await changes.get(groupId);
    const status = transition(groupId, before.status, "resume");
    if (before.spec.onFailure === "pause") await this.#unblock(groupId);
    await changes.change(before, {
      status,
      statusReason: null,
      laneWidth: laneWidth(before.spec),
      nextFireAt: nextFireAt(new Grid(before.spec), before.watermark),
    });
    return changes.deliver(groupId);
  }

  async unregister(groupId: string, isPurge: boolean): Promise<void> {
    const { changes, store, planner } = this.#parts;
    const before = await changes.get(groupId);
    if (before.status !== "DELETED") {
      await this.#parts.dispatcher.stopPlanned(groupId);
      await changes.change(before, {
        status: transition(groupId, before.status, "unregister"),
        statusReason: null,
        laneWidth: 0,
        nextFireAt: null,
        cancelPlanned: "unregistered",
      });
      await changes.deliver(groupId);
    }
    if (!isPurge) return;
    const after = await changes.get(groupId);
    if (after.status !== "DELETED") {
      throw new ScheduleError(
        "SCHEDULE_STATUS_ILLEGAL",
        `Group ${groupId} is not purged: its engine has not let it go yet. Try again when it is DELETED.`,
      );
    }
    await this.#refuseActive(groupId);
    await store.purgeSchedule(groupId);
    planner.forget(groupId);
  }

  #withNotes(schedule: Schedule): RegisteredSchedule {
    const { clock, specs } = this.#parts;
    return { schedule, notes: notesOf(schedule, clock.now(), specs.notesOn(schedule.spec)) };
  }

  /** A job that went on after a purge would write beside those of the next ledger, and nobody would know of it. */
  async #refuseActive(groupId: string): Promise<void> {
    const active = await this.#parts.store.listRuns(
      { groupId, states: ["SUBMITTING", "RUNNING"] },
      { limit: 1 },
    );
    const [run] = active.items;
    if (run === undefined) return;
    throw new ScheduleError(
      "SCHEDULE_STATUS_ILLEGAL",
      `Group ${groupId} is unregistered but not purged: run ${run.id} is ${run.state}. Cancel it or wait for its end, and purge again.`,
    );
  }

  /** Another run that failed at the same time may have paused it already, and one that has ended has nothing to pause. */
  async #pauseAfter(run: Run): Promise<void> {
    const note = `Run ${run.id} has failed and onFailure is "pause".`;
    const [schedule] = await this.#parts.store.getSchedules([run.groupId]);
    if (schedule === undefined || !PAUSABLE.includes(schedule.status)) return;
    try {
      await this.pause(run.groupId, note);
    } catch (error) {
      if (!isTidegateError(error) || error.code !== "SCHEDULE_VERSION_STALE") throw error;
      await this.#pauseAfter(run);
    }
  }

  async #unblock(groupId: string): Promise<void> {
    const failed = await this.#parts.store.listRuns({ groupId, states: ["FAILED"] }, { limit: 1_000 });
    await this.#parts.store.changeRuns(
      failed.items
        .filter(({ isBlocking }) => isBlocking)
        .map(({ id }) => ({ id, from: ["FAILED"], state: "FAILED", wakeAt: null, isBlocking: false })),
    );
  }
}

function refuseIllegalUpdate(before: Schedule, spec: ScheduleSpec): void {
  if (spec.engine.toLowerCase() !== before.spec.engine.toLowerCase()) {
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      "engine: cannot be changed by an update; unregister the group and register it again, its ledger is kept.",
      { field: "engine" },
    );
  }
  if (spec.startTime !== before.spec.startTime && before.watermark > before.origin) {
    throw new ScheduleError(
      "SCHEDULE_INVALID",
      "startTime: cannot be changed once intervals are planned; the ledger goes on at its watermark.",
      { field: "startTime" },
    );
  }
}
