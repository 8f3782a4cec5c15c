import { randomUUID } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { LedgerError, ScheduleError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, toSet } from "../interval/interval-set.js";
import type { Backfiller } from "../planning/backfiller.js";
import { ledgerCutsOf, pastUpTo } from "../planning/ledger-cuts.js";
import { isStretch, rerunParts } from "../planning/rerun-units.js";
import { type Backfill, type BackfillSelect, OWN_BACKFILLS } from "../run/backfill.js";
import type { Run } from "../run/run.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { iso } from "./instants.js";
import { instantOf, invalidInput } from "./ledger-input.js";
import type { ForceOptions, Seals } from "./seals.js";

/**
 * A request to re-run past intervals of a group. Intervals run as a whole: one that `from` or `to` cuts runs
 * within its own bounds, which are those of the existing run or, if there is none, the grid's. The plan names
 * such intervals.
 */
export interface BackfillRequest extends ForceOptions {
  /**
   * Idempotency key, 1 to 200 characters: a second request with the same id returns the first backfill and
   * what it has left to plan, even if there was nothing to do. @default a random one
   */
  readonly id?: string;
  readonly groupId: string;
  /** Inclusive: epoch ms, a `Date` or ISO 8601 with an offset. It may lie before the ledger's beginning. */
  readonly from: Instant;
  /**
   * Exclusive, same formats as `from`. Time that is not over, or lies after the watermark, is left to the
   * live schedule.
   */
  readonly to: Instant;
  /** @default "missing" */
  readonly select?: BackfillSelect;
  /** Most of its runs that may be active at once, 1 to 1,000. @default 1 */
  readonly concurrency?: number;
  /** Returns the plan without running anything. @default false */
  readonly isDryRun?: boolean;
}

/** The runs that a backfill makes, or would make. */
export interface BackfillPlan {
  /** Absent from a dry run, or if there is nothing to do and no id was given. */
  readonly backfill?: Backfill;
  /** Number of runs. */
  readonly runs: number;
  /** The time that they cover, merged. */
  readonly ranges: IntervalSet;
  /** The first intervals, at most 100. */
  readonly first: readonly Interval[];
  /** Plain sentences on how the runs differ from the requested range. */
  readonly notes: readonly string[];
}

/** Dependencies of `BackfillControl`. */
export interface BackfillControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly backfiller: Backfiller;
  readonly seals: Seals;
}

/** Longest id, characters. */
const MAX_ID = 200;

/** Most intervals that a plan lists. */
const LISTED = 100;

/** Begins and cancels backfills. */
export class BackfillControl {
  readonly #parts: BackfillControlParts;

  constructor(parts: BackfillControlParts) {
    this.#parts = parts;
  }

  /**
   * Starts a backfill; its first runs are planned by the time this resolves, unless the schedule is paused.
   */
  async plan(schedule: Schedule, request: BackfillRequest): Promise<BackfillPlan> {
    const { id, groupId, select = "missing", concurrency = 1, isDryRun = false, force = false } = request;
    const { store, backfiller, clock, seals } = this.#parts;
    if (id !== undefined && (id === "" || id.length > MAX_ID)) {
      throw invalidInput("id", `must have 1 to ${MAX_ID} characters`);
    }
    const asked = { lower: instantOf(request.from, "from"), upper: instantOf(request.to, "to") };
    const known = id === undefined || isDryRun ? undefined : await this.#begun(id, groupId);
    if (known !== undefined) return this.#goOn(schedule, known);
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1_000) {
      throw invalidInput("concurrency", "must be a whole number from 1 to 1,000");
    }
    const range = await this.#pastOf(schedule, asked);
    const { cursor, ...counted } = await this.#count(schedule, range, select);
    const sealed = force ? undefined : await seals.sealedOf(schedule, counted.ranges);
    const snapshot = await newestSnapshot(store, groupId);
    const notes = [
      ...notesOn(asked, range, counted.ranges),
      ...snapshotNotes(asked, snapshot),
      ...sealedNotes(sealed),
    ];
    const plan = { ...counted, notes };
    if (isDryRun || (plan.runs === 0 && id === undefined)) return plan;
    refuseEnded(schedule);
    const state = plan.runs === 0 ? "DONE" : "RUNNING";
    const begun = { id: id ?? randomUUID(), groupId, ...range, select, concurrency, state, cursor } as const;
    const backfill = newBackfill({ ...begun, createdAt: clock.now() });
    const isNew = await seals.write(schedule, counted.ranges, "from", { force }, (read) =>
      store.insertBackfill(backfill, read),
    );
    if (!isNew) return this.#goOn(schedule, (await this.#begun(backfill.id, groupId)) ?? backfill);
    await backfiller.begin(backfill);
    return { ...plan, backfill };
  }

  /**
   * Returns the part of a range that is over and not left to the live schedule.
   *
   * @throws LedgerError INTERVAL_INVALID if there is none
   */
  async #pastOf(schedule: Schedule, { lower, upper }: Interval): Promise<Interval> {
    if (lower >= upper) throw invalidInput("from", "must be before to");
    const { store, clock } = this.#parts;
    const end = pastUpTo(schedule, await ledgerCutsOf(store, schedule), clock.now());
    if (end !== undefined && lower < end) return { lower, upper: Math.min(upper, end) };
    const limit =
      end === undefined ? "no interval is over yet" : `intervals are over and planned up to ${iso(end)}`;
    throw new LedgerError("INTERVAL_INVALID", `from, to: nothing of this range can be run again; ${limit}.`, {
      field: "from",
    });
  }

  /**
   * Returns the backfill that this id began before.
   *
   * @throws LedgerError INTERVAL_INVALID if it is another group's
   */
  async #begun(id: string, groupId: string): Promise<Backfill | undefined> {
    const backfill = await this.#parts.store.getBackfill(id);
    if (backfill === undefined || backfill.groupId === groupId) return backfill;
    throw invalidInput("id", "is another group's");
  }

  /** Resumes a backfill whose first request may have died between storing it and planning. */
  async #goOn(schedule: Schedule, backfill: Backfill): Promise<BackfillPlan> {
    const { lower, upper, select, state, cursor } = backfill;
    if (state !== "RUNNING") return { backfill, runs: 0, ranges: [], first: [], notes: [] };
    await this.#parts.backfiller.begin(backfill);
    const { cursor: _, ...left } = await this.#count(schedule, { lower, upper }, select, cursor);
    return { ...left, notes: [], backfill };
  }

  /** Counts exactly the runs that the backfiller would plan from the current ledger. */
  async #count(
    schedule: Schedule,
    range: Interval,
    select: BackfillSelect,
    from?: EpochMs,
  ): Promise<Pick<BackfillPlan, "runs" | "ranges" | "first"> & { readonly cursor: EpochMs }> {
    const query = { range, select, ...(from === undefined ? {} : { from }) };
    const stretches: { lower: EpochMs; upper: EpochMs }[] = [];
    const first: Interval[] = [];
    let runs = 0;
    for await (const part of rerunParts(this.#parts.store, schedule, query)) {
      const { lower, upper } = part;
      if (!isStretch(part) && part.underWay !== undefined) continue;
      runs += isStretch(part) ? part.count : 1;
      for (const unit of isStretch(part) ? part.units() : [part]) {
        if (first.length === LISTED) break;
        first.push({ lower: unit.lower, upper: unit.upper });
      }
      const last = stretches.at(-1);
      if (last !== undefined && lower <= last.upper) last.upper = upper;
      else stretches.push({ lower, upper });
    }
    return {
      runs,
      ranges: toSet(stretches),
      first,
      cursor: Math.min(range.lower, first[0]?.lower ?? range.lower),
    };
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

/**
 * Refuses an id of the kind that Tidegate gives its own backfills, which others rely on.
 *
 * @throws LedgerError INTERVAL_INVALID
 */
export function refuseOwnIds(id: string | undefined): void {
  const own = OWN_BACKFILLS.find((beginning) => id?.startsWith(beginning));
  if (own !== undefined)
    throw invalidInput("id", `must not begin with "${own}", as those of Tidegate itself do`);
}

type Begun = Pick<
  Backfill,
  "id" | "groupId" | "lower" | "upper" | "select" | "concurrency" | "state" | "cursor" | "createdAt"
>;

/**
 * Refuses to run anything of a schedule that is gone.
 *
 * @throws ScheduleError SCHEDULE_STATUS_ILLEGAL
 */
export function refuseEnded({ spec: { groupId }, status }: Schedule): void {
  if (SCHEDULE_STATUSES[status].isRegistered) return;
  throw new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Schedule ${groupId} is ${status}; register the group again before its past is run again.`,
  );
}

/** Describes how the runs differ from the request. */
function notesOn(asked: Interval, past: Interval, ranges: IntervalSet): string[] {
  const notes: string[] = [];
  const lower = ranges[0]?.lower;
  const upper = ranges.at(-1)?.upper;
  if (lower !== undefined && lower < asked.lower)
    notes.push(
      `from: ${iso(asked.lower)} lies inside an interval, which runs as a whole from ${iso(lower)} on.`,
    );
  if (past.upper < asked.upper)
    notes.push(
      `to: intervals are over and planned up to ${iso(past.upper)}; what follows is the live schedule's.`,
    );
  if (upper !== undefined && upper > past.upper)
    notes.push(`to: ${iso(past.upper)} lies inside an interval, which runs as a whole up to ${iso(upper)}.`);
  return notes;
}

/** Says which time is left out since a copy stands for it. */
function snapshotNotes(asked: Interval, snapshot: Run | undefined): string[] {
  return snapshot === undefined || asked.lower >= snapshot.upper
    ? []
    : [
        `from: the snapshot of run ${snapshot.id} stands for all time before ${iso(snapshot.upper)}, which is not run again; client.resnapshot makes another one.`,
      ];
}

/** Says that a plan cannot be carried out as it is. */
function sealedNotes(sealed: { readonly through: EpochMs } | undefined): string[] {
  return sealed === undefined
    ? []
    : [
        `The group is sealed through ${iso(sealed.through)}: a part of this can be run again with force only.`,
      ];
}

function newBackfill(begun: Begun): Backfill {
  return {
    ...begun,
    cursor: begun.state === "DONE" ? begun.upper : begun.cursor,
    reason: null,
    plannedRuns: 0,
    openRuns: 0,
    updatedAt: begun.createdAt,
  };
}
