import { randomUUID } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { Backfiller } from "../planning/backfiller.js";
import { alignRange, countUnits, nextSlice } from "../planning/rerun-units.js";
import type { Backfill, BackfillSelect } from "../run/backfill.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** How to list the past of a group again. */
export interface BackfillRequest {
  /**
   * Makes the request repeatable, 1 to 200 characters: an id is used once, also where there was nothing to do, and who
   * comes with it again is told of the backfill that it began, and of what that has left to plan. @default a random one
   */
  readonly id?: string;
  readonly groupId: string;
  /** Inclusive, epoch ms; before the ledger's beginning it is moved out to the next cut of the grid. */
  readonly from: EpochMs;
  /** Exclusive, epoch ms; at most the watermark, since what follows is the live schedule's. */
  readonly to: EpochMs;
  /** @default "missing" */
  readonly select?: BackfillSelect;
  /** How many of its runs may be active at once, 1 to 1,000. @default 1 */
  readonly concurrency?: number;
  /** Only tells what would run. @default false */
  readonly isDryRun?: boolean;
}

/** What a backfill runs, or would run. */
export interface BackfillPlan {
  /** Absent for a dry run, and where there is nothing to do and no id was given. */
  readonly backfill?: Backfill;
  /** How many runs. */
  readonly runs: number;
  /** The time that these cover, merged. */
  readonly ranges: IntervalSet;
  /** The first intervals, at most 100. */
  readonly first: readonly Interval[];
}

/** What backfills are controlled with. */
export interface BackfillControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly backfiller: Backfiller;
}

/** The longest id, characters. */
const MAX_ID = 200;

/** Begins and cancels backfills. */
export class BackfillControl {
  readonly #parts: BackfillControlParts;

  constructor(parts: BackfillControlParts) {
    this.#parts = parts;
  }

  /** Begins a backfill; its first runs are planned when this resolves, unless the schedule is paused. */
  async plan(schedule: Schedule, request: BackfillRequest): Promise<BackfillPlan> {
    const { id, groupId, from, to, select = "missing", concurrency = 1, isDryRun = false } = request;
    const { store, backfiller, clock } = this.#parts;
    if (id !== undefined && (id === "" || id.length > MAX_ID)) {
      throw invalid("id", `must have 1 to ${MAX_ID} characters`);
    }
    const known = id === undefined || isDryRun ? undefined : await this.#begun(id, groupId);
    if (known !== undefined) return this.#goOn(schedule, known);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
      throw invalid("concurrency", "must be a whole number from 1 to 1,000");
    }
    const range = alignRange(schedule, { lower: from, upper: to });
    if (!(range.lower < range.upper)) {
      throw new LedgerError(
        "INTERVAL_INVALID",
        `from, to: nothing of this range lies before the watermark, ${new Date(schedule.watermark).toISOString()}.`,
        { field: "from" },
      );
    }
    const plan = await this.#count(schedule, range, select);
    if (isDryRun || (plan.runs === 0 && id === undefined)) return plan;
    const state = plan.runs === 0 ? "DONE" : "RUNNING";
    const begun = { id: id ?? randomUUID(), groupId, ...range, select, concurrency, state } as const;
    const backfill = newBackfill({ ...begun, createdAt: clock.now() });
    if (!(await store.insertBackfill(backfill))) {
      return this.#goOn(schedule, (await this.#begun(backfill.id, groupId)) ?? backfill);
    }
    await backfiller.begin(backfill);
    return { ...plan, backfill };
  }

  /** What an id has begun before. @throws LedgerError INTERVAL_INVALID where that is another group's */
  async #begun(id: string, groupId: string): Promise<Backfill | undefined> {
    const backfill = await this.#parts.store.getBackfill(id);
    if (backfill === undefined || backfill.groupId === groupId) return backfill;
    throw invalid("id", "is another group's");
  }

  /** Sees to it that a backfill goes on, whose first request may have died between writing it down and planning. */
  async #goOn(schedule: Schedule, backfill: Backfill): Promise<BackfillPlan> {
    const { cursor, upper, select, state } = backfill;
    if (state !== "RUNNING") return { backfill, runs: 0, ranges: [], first: [] };
    await this.#parts.backfiller.begin(backfill);
    return { ...(await this.#count(schedule, { lower: cursor, upper }, select)), backfill };
  }

  async #count(schedule: Schedule, range: Interval, select: BackfillSelect): Promise<BackfillPlan> {
    const { store } = this.#parts;
    const count = countUnits(schedule, range, select, await store.coverage(schedule.spec.groupId, range));
    const { units } = await nextSlice(store, schedule, range, select, 100);
    return { ...count, first: units.map(({ lower, upper }) => ({ lower, upper })) };
  }

  async cancel(id: string): Promise<void> {
    const { store, clock } = this.#parts;
    for (;;) {
      const backfill = await store.getBackfill(id);
      if (backfill === undefined)
        throw new LedgerError("RUN_NOT_FOUND", `There is no backfill ${id}.`, { field: "id" });
      if (backfill.state !== "RUNNING") return;
      const { cursor } = backfill;
      const commit = {
        id,
        cursor,
        newCursor: cursor,
        state: "CANCELLED",
        updatedAt: clock.now(),
        runs: [],
      } as const;
      if (await store.planBackfill(commit)) return;
    }
  }
}

type Begun = Pick<
  Backfill,
  "id" | "groupId" | "lower" | "upper" | "select" | "concurrency" | "state" | "createdAt"
>;

function invalid(field: string, problem: string): LedgerError {
  return new LedgerError("INTERVAL_INVALID", `${field}: ${problem}.`, { field });
}

function newBackfill(begun: Begun): Backfill {
  return {
    ...begun,
    cursor: begun.state === "DONE" ? begun.upper : begun.lower,
    plannedRuns: 0,
    openRuns: 0,
    updatedAt: begun.createdAt,
  };
}
