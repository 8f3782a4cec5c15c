import { randomUUID } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { Backfill, BackfillSelect } from "../ledger/backfill.js";
import type { Backfiller } from "../ledger/backfiller.js";
import { alignRange, countUnits, nextSlice } from "../ledger/rerun-units.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** How to list the past of a group again. */
export interface BackfillRequest {
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
  /** Absent for a dry run, and where there is nothing to do. */
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

/** Begins and cancels backfills. */
export class BackfillControl {
  readonly #parts: BackfillControlParts;

  constructor(parts: BackfillControlParts) {
    this.#parts = parts;
  }

  async plan(schedule: Schedule, request: BackfillRequest): Promise<BackfillPlan> {
    const { groupId, from, to, select = "missing", concurrency = 1, isDryRun = false } = request;
    const { store, backfiller, clock } = this.#parts;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
      throw new LedgerError("INTERVAL_INVALID", "concurrency: must be a whole number from 1 to 1,000.", {
        field: "concurrency",
      });
    }
    const range = alignRange(schedule, { lower: from, upper: to });
    if (!(range.lower < range.upper)) {
      throw new LedgerError(
        "INTERVAL_INVALID",
        `from, to: nothing of this range lies before the watermark, ${new Date(schedule.watermark).toISOString()}.`,
        { field: "from" },
      );
    }
    const count = countUnits(schedule, range, select, await store.coverage(groupId, range));
    const { units } = await nextSlice(store, schedule, range, select, 100);
    const first = units.map(({ lower, upper }) => ({ lower, upper }));
    if (isDryRun || count.runs === 0) return { ...count, first };
    const backfill = newBackfill({ groupId, ...range, select, concurrency, createdAt: clock.now() });
    await store.insertBackfill(backfill);
    backfiller.poke();
    return { ...count, first, backfill };
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

type Begun = Pick<Backfill, "groupId" | "lower" | "upper" | "select" | "concurrency" | "createdAt">;

function newBackfill(begun: Begun): Backfill {
  return {
    ...begun,
    id: randomUUID(),
    cursor: begun.lower,
    state: "RUNNING",
    plannedRuns: 0,
    openRuns: 0,
    updatedAt: begun.createdAt,
  };
}
