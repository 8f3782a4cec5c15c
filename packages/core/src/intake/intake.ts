import type { Clock, EpochMs } from "../clock/clock.js";
import type { FireSink } from "../engine/engine.js";
import { LedgerError, ScheduleError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { type Interval, isSameInterval } from "../interval/boundaries.js";
import { type CutInterval, ledgerCutsOf } from "../planning/ledger-cuts.js";
import type { Run, RunState } from "../run/run.js";
import { Grid, type NominalInterval } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import { Batcher } from "../store/batcher.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { Callback, RerunRequest, Taken } from "./callback.js";
import { FireBatches } from "./fire-batches.js";
import { endOfTurn } from "./gather.js";
import { orDeferred, refuseFailed, refusePaused, refuseStranger, tooEarly } from "./refusals.js";
import { intervalBefore, intervalPassed, refuseEmpty, requestedInterval } from "./requested-interval.js";
import { Reruns, type StartBackfill } from "./reruns.js";
import { RunWaits } from "./run-waits.js";

/** None of the intervals merged into such a run has been processed, so each is processed separately. */
const HOLES: ReadonlySet<RunState> = new Set(["SKIPPED", "CANCELLED"]);

/** The most runs that one instant has at once: generations of an interval, and what was given up there. */
const MOST_AT_ONCE = 100;

interface IntakeParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly sink: FireSink;
  readonly backfill: StartBackfill;
}

/**
 * Reconciles the callbacks of foreign schedulers with the ledger, for whatever receives them: a server, or
 * the consumer of a queue. A callback is a fire: it plans what the schedule owes and nothing else, so it may
 * be repeated, late or replayed. In addition it returns the run that its interval belongs to. A callback that
 * requests a re-run repeats that run, once for each id.
 */
export class Intake {
  readonly #store: ScheduleStore;
  readonly #clock: Clock;
  readonly #schedules: Batcher<string, Schedule | undefined>;
  readonly #fires: FireBatches;
  readonly #reruns: Reruns;
  readonly #waits: RunWaits;

  /** @internal */
  constructor({ store, clock, emitter, sink, backfill }: IntakeParts) {
    this.#store = store;
    this.#clock = clock;
    this.#schedules = new Batcher((groupIds) => store.getSchedules(groupIds), {
      gathered: endOfTurn,
      // A failed read concerns the whole batch, so items are not retried one by one.
      isOfOne: () => false,
    });
    this.#fires = new FireBatches(sink);
    this.#reruns = new Reruns(store, backfill);
    this.#waits = new RunWaits({ store, emitter, clock });
  }

  /**
   * Plans what a callback's group owes, and returns the run that stands for the callback's interval.
   * Concurrent callbacks share their reads and transactions.
   *
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_STATUS_ILLEGAL (paused), FORBIDDEN (a re-run of a
   *   group that is on another engine); LedgerError INTERVAL_INVALID, INTERVAL_NOT_ALIGNED, and, with
   *   `retryAfterMs`, INTERVAL_OPEN (not over or not due yet), INTERVAL_DEFERRED (runs before it have to end),
   *   PLAN_FAILED (the group cannot be planned, which is retried)
   */
  async take(callback: Callback): Promise<Taken> {
    const schedule = await this.#scheduleOf(callback.groupId);
    const { rerun } = callback;
    return rerun == null ? this.#fire(schedule, callback) : this.#rerun(schedule, callback, rerun);
  }

  /**
   * Returns a run once it has ended, or as it stands when the wait is over.
   *
   * @param waitMs - how long to wait, ms
   * @param signal - ends the wait, for example when the caller has gone away
   * @throws LedgerError RUN_NOT_FOUND
   */
  waitForEnd(runId: string, waitMs: number, signal?: AbortSignal): Promise<Run> {
    return this.#waits.wait(runId, waitMs, signal);
  }

  async #rerun(schedule: Schedule, callback: Callback, rerun: RerunRequest): Promise<Taken> {
    refuseStranger(schedule, callback.engine);
    refusePaused(schedule);
    const before = intervalBefore(schedule, callback);
    if (before !== undefined) {
      const standing = await this.#standingRun(callback.groupId, before);
      return orDeferred(schedule, await this.#reruns.take(callback.groupId, before, rerun, standing));
    }
    const fired = await this.#fire(schedule, callback);
    const run = await this.#runOf(fired.run.id);
    // A run that this very callback has planned is not repeated, but the callback's id is used up.
    const asked = fired.duplicate ? rerun : { ...rerun, select: "missing" as const };
    const interval = HOLES.has(run.state) ? await this.#asked(schedule, callback) : run;
    const taken = orDeferred(schedule, await this.#reruns.take(callback.groupId, interval, asked, run));
    return { ...taken, duplicate: taken.duplicate && fired.duplicate };
  }

  async #fire(schedule: Schedule, callback: Callback): Promise<Taken> {
    const { groupId, lowerBoundary: lower, upperBoundary: upper } = callback;
    refuseEmpty(callback);
    if (lower != null && upper != null && upper <= schedule.watermark) {
      // This also finds an interval of a grid that an update has replaced.
      const planned = await this.#standingRun(groupId, { lower, upper });
      if (planned !== undefined && isSameInterval(planned, { lower, upper }))
        return { run: planned, duplicate: true };
    }
    const { interval, firedFor } = await this.#due(schedule, callback);
    const before =
      interval.upper <= schedule.watermark ? await this.#standingRun(groupId, interval) : undefined;
    if (before !== undefined) return { run: before, duplicate: true };
    refusePaused(schedule);
    const fired = await this.#fires.fire({ groupId, scheduledTime: firedFor });
    refuseFailed(fired, this.#clock.now());
    const run =
      fired.runs.find((each) => holdsEndOf(interval, each)) ?? (await this.#standingRun(groupId, interval));
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

  async #asked(schedule: Schedule, callback: Callback): Promise<Interval> {
    const { lowerBoundary: lower, upperBoundary: upper } = callback;
    if (lower != null && upper != null) return { lower, upper };
    return (await this.#due(schedule, callback)).interval;
  }

  /**
   * Returns the interval that is meant, and the time to fire for: the scheduler's own, so that drift is
   * noticed.
   */
  async #due(schedule: Schedule, callback: Callback): Promise<{ interval: Interval; firedFor: EpochMs }> {
    requireReadable(schedule);
    const { spec, nextFireAt } = schedule;
    const now = this.#clock.now();
    const passed = await this.#passed(schedule, callback, now);
    const interval = passed ?? onGrid(schedule, callback, now);
    const dueAt =
      passed?.dueAt ?? (interval === undefined ? nextFireAt : interval.scheduledTime + spec.delayMs);
    if (interval === undefined || (dueAt !== null && dueAt > now)) throw tooEarly(dueAt, now);
    const { lowerBoundary, scheduledTime } = callback;
    const isTold = lowerBoundary == null && scheduledTime != null;
    return {
      interval,
      firedFor: isTold ? Math.min(scheduledTime, now - spec.delayMs) : interval.scheduledTime,
    };
  }

  /** Returns the interval that is meant if an earlier version of the schedule may have cut it. */
  async #passed(schedule: Schedule, callback: Callback, now: EpochMs): Promise<CutInterval | undefined> {
    const { version, origin, watermark, spec } = schedule;
    const nominal = callback.scheduledTime ?? now - spec.delayMs;
    const instant = callback.upperBoundary ?? nominal;
    if (version === 1 || instant <= origin || instant > watermark) return undefined;
    // Cuts know no empty interval, which ends a schedule (`endRule: "inclusive"`).
    if (spec.endRule === "inclusive" && instant === spec.endTime) return undefined;
    return intervalPassed(await ledgerCutsOf(this.#store, schedule), callback, nominal);
  }

  /**
   * Returns the run that stands for an interval: its own, or the one that it was merged into. While it is run
   * again, the generation that has succeeded stands for it.
   */
  async #standingRun(groupId: string, interval: Interval): Promise<Run | undefined> {
    const { lower, upper } = interval;
    const end = lower === upper ? interval : { lower: upper - 1, upper };
    const { items } = await this.#store.listRuns(
      { groupId, within: end, includeSuperseded: false, order: "descending" },
      { limit: MOST_AT_ONCE },
    );
    return items.findLast((run) => isSameInterval(run, interval)) ?? items[0];
  }

  async #runOf(id: string): Promise<Run> {
    const [run] = await this.#store.getRuns([id]);
    if (run !== undefined) return run;
    throw new LedgerError("RUN_NOT_FOUND", `There is no run ${id}.`, { field: "id" });
  }
}

function onGrid(
  { spec, watermark }: Schedule,
  callback: Callback,
  now: EpochMs,
): NominalInterval | undefined {
  return requestedInterval(new Grid(spec), watermark, spec.delayMs, callback, now);
}

/** Returns whether a run covers the end of an interval, as do its own and the one that it was merged into. */
function holdsEndOf(interval: Interval, run: Interval): boolean {
  // An empty interval, which ends a schedule (`endRule: "inclusive"`), has a run of its own.
  if (interval.lower === interval.upper) return isSameInterval(run, interval);
  return run.lower < interval.upper && run.upper >= interval.upper;
}
