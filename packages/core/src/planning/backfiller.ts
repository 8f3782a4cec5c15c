import type { Clock, EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Backfill } from "../run/backfill.js";
import type { NewRun } from "../run/run.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { BackfillCommit } from "../store/backfill-table.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Routine } from "../upkeep/routine.js";
import { nextSlice, rerunsOf } from "./rerun-slice.js";
import { nextTurn } from "./rerun-units.js";
import { awaitingRegistration } from "./restated-time.js";

/** Dependencies of `Backfiller`. */
export interface BackfillerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly namespace: string;
  /** How often to check backfills for which no event arrived, ms. */
  readonly everyMs: number;
}

/** How often the store may refuse the same step of a backfill before the backfill fails. */
export const MAX_REFUSALS = 8;

/** Delay before a refused step is first retried, ms; doubles with each further refusal. */
const FIRST_RETRY_MS = 100;

/** The fewest and the most ledger runs to read at once. */
const PAGE_SIZES = { least: 100, most: 1_000 };

/** A step that the store refused. */
interface Refusal {
  /** The backfill's cursor at the refusal; once the cursor has moved, the refusal no longer counts. */
  readonly cursor: EpochMs;
  readonly times: number;
  /** When to retry it, epoch ms. */
  readonly retryAt: EpochMs;
}

/**
 * Plans the runs of backfills, only as many at a time as may be active. A range of a hundred thousand
 * intervals is one row with a cursor; its runs are created when their turn comes.
 *
 * Each pass either advances a backfill's cursor or waits: for runs to end, for its schedule to be resumed,
 * or, after the store has refused a step, for the retry. If the same step keeps being refused, the backfill
 * fails with the reason.
 */
export class Backfiller {
  readonly #parts: BackfillerParts;
  readonly #advancing: Routine;
  /** Groups with a backfill in progress; the ends of other groups' runs are ignored. */
  readonly #groups = new Set<string>();
  readonly #refusals = new Map<string, Refusal>();
  /** Groups whose runs have ended while the backfills were being read; `undefined` at any other time. */
  #endedMeanwhile: Set<string> | undefined;
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => {
    if (this.#endedMeanwhile !== undefined) for (const groupId of groupIds) this.#endedMeanwhile.add(groupId);
    else if (this.#groups.size > 0 && [...groupIds].some((groupId) => this.#groups.has(groupId))) this.wake();
  };

  constructor(parts: BackfillerParts) {
    this.#parts = parts;
    this.#advancing = new Routine({
      clock: parts.clock,
      pass: () => this.#advanceAll(),
      onError: (error) => this.#trouble(error),
      retryMs: parts.everyMs,
    });
  }

  start(): void {
    this.#parts.signals.on("runs-ended", this.#onRunsEnded);
    this.#advancing.start();
  }

  async stop(): Promise<void> {
    this.#parts.signals.off("runs-ended", this.#onRunsEnded);
    await this.#advancing.stop();
  }

  /** Plans the first runs of a backfill now. If that fails, the regular passes retry it. */
  async begin(backfill: Backfill): Promise<void> {
    if (!this.#advancing.isRunning) return;
    await this.#advance(backfill).catch((error: unknown) => this.#trouble(error, backfill.groupId));
    this.wake();
  }

  /** Checks all backfills in progress. */
  wake(): void {
    void this.#advancing.run();
  }

  /**
   * Advances all backfills in progress. The next pass is due when a refused step is to be retried, and after
   * `everyMs` at the latest.
   */
  async #advanceAll(): Promise<number | undefined> {
    const { store, clock, everyMs } = this.#parts;
    await nextTurn();
    const running = await this.#readRunning();
    this.#forgetAllBut(running);
    for (const backfill of running) {
      if (!this.#advancing.isRunning) return undefined;
      await this.#advance(backfill).catch((error: unknown) => this.#trouble(error, backfill.groupId));
    }
    if (running.length === 0 && !store.isShared) return undefined;
    const retries = [...this.#refusals.values()].map(({ retryAt }) => retryAt - clock.now());
    return Math.max(0, Math.min(everyMs, ...retries));
  }

  /** Reads the backfills in progress. Those whose runs end meanwhile, too late to be counted, are read again. */
  async #readRunning(): Promise<readonly Backfill[]> {
    const ended = new Set<string>();
    this.#endedMeanwhile = ended;
    try {
      const running = await this.#parts.store.listBackfills({ states: ["RUNNING"] });
      this.#groups.clear();
      for (const { groupId } of running) this.#groups.add(groupId);
      return running;
    } finally {
      this.#endedMeanwhile = undefined;
      this.#onRunsEnded(ended);
    }
  }

  #forgetAllBut(running: readonly Backfill[]): void {
    const known = new Map(running.map(({ id, cursor }) => [id, cursor]));
    for (const [id, { cursor }] of this.#refusals) if (known.get(id) !== cursor) this.#refusals.delete(id);
  }

  #trouble(error: unknown, groupId?: string): void {
    this.#parts.emitter.emit("trouble", {
      where: "backfill",
      ...(groupId === undefined ? {} : { groupId }),
      error: { code: "PLAN_FAILED", message: messageOf(error) },
    });
  }

  async #advance(backfill: Backfill): Promise<void> {
    const { store, clock, namespace } = this.#parts;
    const { id, groupId, lower, upper, select, cursor, openRuns } = backfill;
    if ((this.#refusals.get(id)?.retryAt ?? Number.NEGATIVE_INFINITY) > clock.now()) return;
    if (cursor >= upper) {
      if (openRuns > 0 || (await this.#awaitsRegistration(backfill))) return;
      return this.#commit(backfill, { newCursor: cursor, state: "DONE", runs: [] });
    }
    const room = backfill.concurrency - openRuns;
    if (room <= 0) return;
    const [schedule] = await store.getSchedules([groupId]);
    if (schedule === undefined || schedule.unreadable !== null) return;
    if (!SCHEDULE_STATUSES[schedule.status].plans) return;
    const pageSize = Math.min(PAGE_SIZES.most, Math.max(PAGE_SIZES.least, room + 1));
    const query = { range: { lower, upper }, select, from: cursor, pageSize };
    const { units, next } = await nextSlice(store, schedule, query, { limit: room, backfillId: id });
    if (units.length === 0 && next === cursor) return;
    const made = { kind: "BACKFILL", backfillId: id, namespace, plannedAt: clock.now() } as const;
    const runs = await rerunsOf(store, schedule, units, made);
    const isDone = next >= upper && runs.length === 0 && openRuns === 0;
    const { incarnation } = schedule;
    await this.#commit(backfill, { newCursor: next, state: isDone ? "DONE" : "RUNNING", incarnation, runs });
  }

  /** Returns whether runs of it were cancelled with their schedule, and come back with it. */
  async #awaitsRegistration({ id, groupId }: Backfill): Promise<boolean> {
    const { store } = this.#parts;
    const [schedule] = await store.getSchedules([groupId]);
    if (schedule === undefined || SCHEDULE_STATUSES[schedule.status].isRegistered) return false;
    return (await store.listRuns(awaitingRegistration(id), { limit: 1 })).items.length > 0;
  }

  async #commit(
    backfill: Backfill,
    step: Pick<BackfillCommit, "newCursor" | "state" | "reason" | "incarnation" | "runs">,
  ): Promise<void> {
    const { id, cursor } = backfill;
    const commit = { reason: null, ...step, id, cursor, updatedAt: this.#parts.clock.now() };
    if (await this.#parts.store.planBackfill(commit)) {
      this.#refusals.delete(id);
      if (step.runs.length > 0) this.#parts.emitter.emit("runs-planned", step.runs);
    } else if (step.state !== "FAILED") {
      await this.#refused(backfill, step.runs);
    }
  }

  /**
   * The cursor in the store has moved, or a run is in the way. Either may have happened since it was read, so
   * the step is decided again from what the store holds then.
   */
  async #refused(backfill: Backfill, runs: readonly NewRun[]): Promise<void> {
    const { id, cursor, groupId } = backfill;
    const known = this.#refusals.get(id);
    const times = known?.cursor === cursor ? known.times + 1 : 1;
    if (times < MAX_REFUSALS) {
      const retryAt = this.#parts.clock.now() + FIRST_RETRY_MS * 2 ** (times - 1);
      this.#refusals.set(id, { cursor, times, retryAt });
      return;
    }
    const reason = refusalOf(runs, times);
    this.#trouble(new Error(`Backfill ${id} has failed. ${reason}`), groupId);
    await this.#commit(backfill, { newCursor: cursor, state: "FAILED", reason, runs: [] });
  }
}

function refusalOf([first, ...rest]: readonly NewRun[], times: number): string {
  const tried = `The store refused its next step ${times} times`;
  if (first === undefined) return `${tried}.`;
  const interval = `[${new Date(first.lower).toISOString()}, ${new Date(first.upper).toISOString()})`;
  const others = rest.length === 0 ? "" : ` and ${rest.length} more`;
  return `${tried}: another run stands for time of ${interval}${others}. Look at the runs of that time, then begin a new backfill.`;
}
