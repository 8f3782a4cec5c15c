import type { Clock } from "../clock/clock.js";
import type { Dispatcher } from "../dispatch/dispatcher.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { byGroup } from "../run/by-group.js";
import type { Run } from "../run/run.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Routine } from "./routine.js";

/** Dependencies of `BlockedLanes`. */
export interface BlockedLanesParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly specs: SpecCache;
  readonly dispatcher: Pick<Dispatcher, "cancelReadings">;
  /** Time between passes, ms: another manager may have died since. */
  readonly everyMs: number;
}

/**
 * Finishes what was to follow when a failed run blocked its lane, and did not: the manager may have died before. Runs of a reading
 * that a later one has ended are cancelled, and schedules with `onFailure: "pause"` are paused. Level-triggered: the store knows which
 * runs block.
 */
export class BlockedLanes {
  readonly #parts: BlockedLanesParts;
  readonly #looking: Routine;
  readonly #onBlocked = ({ offsets }: Run): void => {
    // Its reading may have been ended elsewhere, before this manager has seen that.
    if (offsets !== null) this.#looking.runWithin(0);
  };

  constructor(parts: BlockedLanesParts) {
    this.#parts = parts;
    this.#looking = new Routine({
      clock: parts.clock,
      pass: () => this.#pass(),
      onError: (error) => this.#trouble(error),
      retryMs: parts.everyMs,
    });
  }

  start(): void {
    this.#parts.signals.on("lane-blocked", this.#onBlocked);
    this.#looking.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("lane-blocked", this.#onBlocked);
    await this.#looking.stop();
  }

  async #pass(): Promise<number> {
    const { everyMs, store } = this.#parts;
    const blocking: Run[] = [];
    for await (const run of eachRun(store, { isBlocking: true, states: ["FAILED"] })) blocking.push(run);
    if (blocking.length > 0) {
      const groups = byGroup(blocking);
      await this.#cancelEnded(groups);
      await this.#pause(groups);
    }
    return everyMs;
  }

  async #cancelEnded(groups: ReadonlyMap<string, readonly Run[]>): Promise<void> {
    const { dispatcher, store } = this.#parts;
    const placed = [...groups].filter(([, runs]) => runs.some(({ offsets }) => offsets !== null));
    if (placed.length === 0) return;
    const epochs = await store.getEpochs(placed.map(([groupId]) => groupId));
    for (const [index, [groupId, runs]] of placed.entries()) {
      const epoch = epochs[index]!;
      const isEnded = runs.some(({ offsets }) => offsets !== null && offsets.epoch < epoch);
      if (isEnded && this.#looking.isRunning) await dispatcher.cancelReadings(groupId, epoch);
    }
  }

  /** Requests the pauses that are missing: a resume unblocks all runs of a schedule, so a run that still blocks was followed by none. */
  async #pause(groups: ReadonlyMap<string, readonly Run[]>): Promise<void> {
    const { signals, store } = this.#parts;
    for (const schedule of await store.getSchedules([...groups.keys()])) {
      if (schedule === undefined || schedule.unreadable !== null) continue;
      const { groupId, onFailure } = schedule.spec;
      if (onFailure !== "pause" || !SCHEDULE_STATUSES[schedule.status].plans) continue;
      const run = await this.#pausing(groups.get(groupId)!);
      if (run !== undefined) signals.emit("pause-requested", run);
    }
  }

  /** Returns one of the runs that still blocks, and was to pause its schedule: one of another version leaves it to people. */
  async #pausing(runs: readonly Run[]): Promise<Run | undefined> {
    const { specs, store } = this.#parts;
    const now = await store.getRuns(runs.map(({ id }) => id));
    for (const run of now)
      if (run?.isBlocking === true && (await specs.get(run))?.onFailure === "pause") return run;
    return undefined;
  }

  #trouble(error: unknown): void {
    this.#parts.emitter.emit("trouble", {
      where: "dispatcher",
      error: {
        code: "LANE_BLOCKED",
        message: `Lanes that failed runs block were not looked at: ${messageOf(error)}`,
      },
    });
  }
}
