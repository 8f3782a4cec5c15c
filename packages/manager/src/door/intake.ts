import {
  type Clock,
  type EpochMs,
  Grid,
  type Interval,
  type NominalInterval,
  type Run,
  type RunIdentity,
  type RunState,
  runId,
  type Schedule,
  ScheduleError,
  type ScheduleStore,
  Together,
} from "@tidegate/core";
import { HttpError } from "../errors/http-error.js";
import type { Callback } from "./callback.js";
import type { FireBatches } from "./fire-batches.js";
import { endOfTurn } from "./gather.js";
import { intervalBefore, refuseEmpty, requestedInterval } from "./requested-interval.js";
import type { Reruns } from "./reruns.js";

/** When a scheduler may retry an interval whose planning waits for runs to end, s. */
const DEFERRED_RETRY_S = 10;

/** None of the intervals merged into such a run has been processed, so each is processed separately. */
const HOLES: ReadonlySet<RunState> = new Set(["SKIPPED", "CANCELLED"]);

/** Dependencies of `Intake`. */
export interface IntakeParts {
  readonly store: ScheduleStore;
  readonly fires: FireBatches;
  readonly reruns: Reruns;
  readonly clock: Clock;
  readonly namespace: string;
}

/** The outcome of a callback. */
export interface Taken {
  readonly run: Pick<Run, "id" | "lower" | "upper">;
  readonly duplicate: boolean;
}

/**
 * Reconciles callbacks with the ledger. A callback is a fire: it plans what the schedule owes and nothing
 * else, so it may be repeated, late or replayed. In addition it returns the run that its interval belongs to.
 * A callback that requests a re-run repeats that run, once for each id.
 */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #schedules: Together<string, Schedule | undefined>;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#schedules = new Together((groupIds) => parts.store.getSchedules(groupIds), {
      gathered: endOfTurn,
      // A failed read concerns the whole batch, so items are not retried one by one.
      isOfOne: () => false,
    });
  }

  /**
   * @param engine - the caller
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (paused); LedgerError INTERVAL_INVALID,
   * INTERVAL_NOT_ALIGNED; HttpError INTERVAL_OPEN (425), INTERVAL_DEFERRED (503), both with Retry-After;
   * FORBIDDEN for a re-run of a group that is on another engine
   */
  async take(callback: Callback, engine: string): Promise<Taken> {
    const schedule = await this.#scheduleOf(callback.groupId);
    const { rerun } = callback;
    if (rerun == null) return this.#fire(schedule, callback);
    refuseStranger(schedule, engine);
    refusePaused(schedule);
    const { reruns } = this.#parts;
    const before = intervalBefore(schedule, callback);
    if (before !== undefined) {
      const standing = await this.#standingRun(schedule, before);
      return orDeferred(schedule, await reruns.take(schedule, before, rerun, standing));
    }
    const fired = await this.#fire(schedule, callback);
    const run = await reruns.runOf(fired.run.id);
    // What this very callback has planned is not run a second time, but its id is used up.
    const asked = fired.duplicate ? rerun : { ...rerun, select: "missing" as const };
    const interval = HOLES.has(run.state) ? this.#asked(schedule, callback) : run;
    const taken = orDeferred(schedule, await reruns.take(schedule, interval, asked, run));
    return { ...taken, duplicate: taken.duplicate && fired.duplicate };
  }

  #asked(schedule: Schedule, callback: Callback): Interval {
    const { lowerBoundary: lower, upperBoundary: upper } = callback;
    if (lower != null && upper != null) return { lower, upper };
    return this.#due(schedule, callback, this.#parts.clock.now()).interval;
  }

  async #fire(schedule: Schedule, callback: Callback): Promise<Taken> {
    const { fires, clock } = this.#parts;
    const { groupId, lowerBoundary, upperBoundary } = callback;
    refuseEmpty(callback);
    if (lowerBoundary != null && upperBoundary != null && upperBoundary <= schedule.watermark) {
      // This also finds an interval of a grid that an update has replaced.
      const { incarnation } = schedule;
      const planned = await this.#exactRun({
        groupId,
        incarnation,
        lower: lowerBoundary,
        upper: upperBoundary,
      });
      if (planned !== undefined) return { run: planned, duplicate: true };
    }
    const { interval, firedFor } = this.#due(schedule, callback, clock.now());
    const before = await this.#standingRun(schedule, interval);
    if (before !== undefined) return { run: before, duplicate: true };
    refusePaused(schedule);
    const fired = await fires.fire({ groupId, scheduledTime: firedFor });
    const run =
      fired.runs.find((each) => holdsEndOf(interval, each)) ??
      (await this.#standingRun({ ...schedule, watermark: interval.upper }, interval));
    if (run !== undefined) return { run, duplicate: !fired.hasPlanned };
    refusePaused(await this.#scheduleOf(groupId));
    return orDeferred(schedule, undefined);
  }

  async #scheduleOf(groupId: string): Promise<Schedule> {
    const [schedule] = await this.#schedules.add([groupId]);
    if (schedule !== undefined && schedule.status !== "DELETING" && schedule.status !== "DELETED")
      return schedule;
    throw new ScheduleError("SCHEDULE_NOT_FOUND", `No schedule is registered for group ${groupId}.`, {
      field: "groupId",
    });
  }

  /**
   * Returns the interval that is meant, and the time to fire for: the scheduler's own, so that drift is
   * noticed.
   */
  #due(
    { spec, watermark, nextFireAt }: Schedule,
    callback: Callback,
    now: EpochMs,
  ): { interval: NominalInterval; firedFor: EpochMs } {
    const grid = new Grid(spec);
    const interval = requestedInterval(grid, watermark, spec.delayMs, callback, now);
    const dueAt = interval === undefined ? nextFireAt : grid.fireAt(interval);
    if (interval === undefined || (dueAt !== null && dueAt > now)) throw tooEarly(dueAt, now);
    const { lowerBoundary, scheduledTime } = callback;
    const isTold = lowerBoundary == null && scheduledTime != null;
    return {
      interval,
      firedFor: isTold ? Math.min(scheduledTime, now - spec.delayMs) : interval.scheduledTime,
    };
  }

  /** Returns the run that covers an interval: its own, or the one that it was merged into. */
  async #standingRun(
    { spec, watermark, incarnation }: Schedule,
    interval: Interval,
  ): Promise<Run | undefined> {
    const { groupId } = spec;
    if (interval.upper > watermark) return undefined;
    const exact = await this.#exactRun({ groupId, incarnation, ...interval });
    if (exact !== undefined) return exact;
    const { items } = await this.#parts.store.listRuns(
      { groupId, within: interval, includeSuperseded: false, order: "descending" },
      { limit: 100 },
    );
    return items.find((run) => holdsEndOf(interval, run));
  }

  async #exactRun(identity: Omit<RunIdentity, "namespace" | "generation">): Promise<Run | undefined> {
    const { store, namespace } = this.#parts;
    const [run] = await store.getRuns([runId({ ...identity, namespace, generation: 0 })]);
    return run?.isSuperseded === false ? run : undefined;
  }
}

/**
 * Returns whether a run covers the end of an interval, as do its own run and the one that it was merged into.
 */
function holdsEndOf(interval: Interval, { lower, upper }: Interval): boolean {
  // An empty interval, which ends a schedule (`endRule: "inclusive"`), has a run of its own.
  if (interval.lower === interval.upper) return lower === interval.lower && upper === interval.upper;
  return lower < interval.upper && upper >= interval.upper;
}

function refusePaused({ spec, status, statusReason }: Schedule): void {
  if (status !== "PAUSED") return;
  throw new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Schedule ${spec.groupId} is paused: ${statusReason || "no note"}. Its intervals are planned when it is resumed.`,
  );
}

/** @throws HttpError INTERVAL_DEFERRED if nothing is planned yet */
function orDeferred({ spec }: Schedule, taken: Taken | undefined): Taken {
  if (taken !== undefined) return taken;
  throw new HttpError(
    503,
    "INTERVAL_DEFERRED",
    `Group ${spec.groupId} plans this interval when runs before it have ended.`,
    { headers: { "retry-after": String(DEFERRED_RETRY_S) } },
  );
}

/** Any engine may fire what is owed; only the schedule's own engine may repeat what is done. */
function refuseStranger({ spec }: Schedule, engine: string): void {
  if (spec.engine.toLowerCase() === engine.toLowerCase()) return;
  throw new HttpError(403, "FORBIDDEN", `Group ${spec.groupId} is on another engine, which may re-run it.`, {
    field: "rerun",
  });
}

function tooEarly(dueAt: EpochMs | null, now: EpochMs): HttpError {
  if (dueAt === null) return new HttpError(409, "INTERVAL_OPEN", "The schedule has no interval that is due.");
  const seconds = Math.max(1, Math.ceil((dueAt - now) / 1_000));
  return new HttpError(
    425,
    "INTERVAL_OPEN",
    `This interval is not over, or not due yet: come again at ${new Date(dueAt).toISOString()}.`,
    { headers: { "retry-after": String(seconds) } },
  );
}
