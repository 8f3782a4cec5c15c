import type { Clock, ClockTimer } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { RunKind } from "../job/run-kind.js";
import type { Backfill } from "../run/backfill.js";
import type { NewRun } from "../run/run.js";
import { runId } from "../run/run-id.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { nextSlice, type RerunUnit } from "./rerun-units.js";

/** What a backfiller works with. */
export interface BackfillerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly namespace: string;
  /** How often to look at backfills that no event told of, ms. */
  readonly everyMs: number;
}

/**
 * Plans the runs of backfills, as many at a time as may be active. A range of a hundred thousand intervals is one row
 * with a cursor; its runs come into being when it is their turn.
 */
export class Backfiller {
  readonly #parts: BackfillerParts;
  #timer: ClockTimer | undefined;
  #isRunning = false;
  #step: Promise<void> = Promise.resolve();
  /** Groups that have a backfill under way; others need not be asked about. */
  readonly #groups = new Set<string>();
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => {
    if (this.#groups.size > 0 && [...groupIds].some((groupId) => this.#groups.has(groupId))) this.poke();
  };

  constructor(parts: BackfillerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#isRunning = true;
    this.#parts.emitter.on("runs-ended", this.#onRunsEnded);
    this.poke();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#parts.emitter.off("runs-ended", this.#onRunsEnded);
    this.#timer?.cancel();
    await this.#step;
  }

  /** Plans the first runs of a backfill now. Where that fails, the passes over all of them repeat it. */
  async begin(backfill: Backfill): Promise<void> {
    if (!this.#isRunning) return;
    await this.#advance(backfill).catch((error: unknown) => this.#trouble(error, backfill.groupId));
    this.poke();
  }

  /** Looks at all backfills that are under way, one pass after the other. */
  poke(): void {
    this.#step = this.#step.then(() => this.#advanceAll());
  }

  #lookAgain(): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.wakeAt(this.#parts.clock.now() + this.#parts.everyMs, () => this.poke());
  }

  async #advanceAll(): Promise<void> {
    if (!this.#isRunning) return;
    try {
      const running = await this.#parts.store.listBackfills({ states: ["RUNNING"] });
      this.#groups.clear();
      for (const { groupId } of running) this.#groups.add(groupId);
      if (running.length > 0 || this.#parts.store.isShared) this.#lookAgain();
      for (const backfill of running) {
        await this.#advance(backfill).catch((error: unknown) => this.#trouble(error, backfill.groupId));
      }
    } catch (error) {
      this.#trouble(error);
      this.#lookAgain();
    }
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "backfill",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "PLAN_FAILED", message: messageOf(error) },
    });
  }

  async #advance(backfill: Backfill): Promise<void> {
    const room = backfill.concurrency - backfill.openRuns;
    const isPlanned = backfill.cursor >= backfill.upper;
    if (isPlanned && backfill.openRuns > 0) return;
    if (isPlanned) return this.#commit(backfill, backfill.cursor, [], "DONE");
    if (room <= 0) return;
    const [schedule] = await this.#parts.store.getSchedules([backfill.groupId]);
    if (schedule === undefined || schedule.status === "PAUSED") return;
    const range = { lower: backfill.cursor, upper: backfill.upper };
    const { units, cursor } = await nextSlice(this.#parts.store, schedule, range, backfill.select, room);
    await this.#commit(backfill, cursor, this.#runsOf(schedule, units, backfill.id), "RUNNING");
    if (units.length < room) this.poke();
  }

  async #commit(
    backfill: Backfill,
    newCursor: number,
    runs: readonly NewRun[],
    state: "RUNNING" | "DONE",
  ): Promise<void> {
    const isDone = await this.#parts.store.planBackfill({
      id: backfill.id,
      cursor: backfill.cursor,
      newCursor,
      state,
      updatedAt: this.#parts.clock.now(),
      runs,
    });
    if (isDone && runs.length > 0) this.#parts.emitter.emit("runs-planned", runs);
    if (!isDone) this.poke();
  }

  #runsOf(schedule: Schedule, units: readonly RerunUnit[], backfillId: string): NewRun[] {
    const plannedAt = this.#parts.clock.now();
    return rerunsOf({
      schedule,
      units,
      kind: "BACKFILL",
      backfillId,
      namespace: this.#parts.namespace,
      plannedAt,
    });
  }
}

/** Runs beside the live schedule. */
export function rerunsOf(input: {
  schedule: Schedule;
  units: readonly RerunUnit[];
  kind: RunKind;
  backfillId: string | null;
  namespace: string;
  plannedAt: number;
}): NewRun[] {
  const { schedule, units, kind, backfillId, namespace, plannedAt } = input;
  const { incarnation } = schedule;
  const { groupId } = schedule.spec;
  return units.map(({ lower, upper, scheduledTime, intervals, generation }) => ({
    id: runId({ namespace, groupId, incarnation, lower, upper, generation }),
    groupId,
    kind,
    lower,
    upper,
    generation,
    intervals,
    scheduledTime,
    state: "PLANNED",
    reason: null,
    scheduleVersion: schedule.version,
    backfillId,
    plannedAt,
  }));
}
