import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import type { Fire, FireResult, FireSink } from "../engine/engine.js";
import { asError } from "../errors/as-error.js";
import { messageOf, StoreError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import type { Interval } from "../interval/boundaries.js";
import type { NewRun } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { isolated, OwnError } from "./isolated.js";
import { commitOf, Generations } from "./plan-commit.js";
import { decidePlan, type PlanDecision, RECHECK_MS } from "./plan-decision.js";
import type { SpecCache } from "./spec-cache.js";

/** How many schedules stay in memory between fires. */
const CACHED_SCHEDULES = 50_000;

/**
 * How often a group may be decided again because its watermark has moved; more than this means that something
 * is wrong.
 */
const MAX_CONFLICTS = 20;

/** About how many runs one transaction inserts; the other groups of the batch follow in the next. */
const RUNS_PER_COMMIT = 5_000;

/** Prefix of the status reason of a schedule that cannot be planned. */
const UNPLANNABLE = "Cannot be planned: ";

/** Dependencies of `IntervalPlanner`. */
export interface PlannerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly specs: SpecCache;
  readonly namespace: string;
}

interface Entry {
  schedule: Schedule;
  readonly grid: Grid;
  /** Whether the lane's count was just read from the store. */
  isFresh: boolean;
  /**
   * Runs of the lane that have not ended, or that block it: as read, then adjusted by what was planned and
   * ended here.
   */
  openRuns: number;
}

/** One group's part of a transaction. */
interface Step {
  readonly work: Work;
  readonly entry: Entry;
  readonly decision: PlanDecision;
  readonly commit: PlanCommit;
}

/** A group that is being planned, and the results so far. */
interface Work {
  readonly groupId: string;
  /** Fires not judged yet. */
  readonly fires: Fire[];
  /** An engine fired and gets the answer; otherwise a new fire time is reported by an event. */
  isFired: boolean;
  /** Planned because runs ended here; if nothing more is owed, no event is needed. */
  readonly isResumed: boolean;
  readonly runs: NewRun[];
  conflicts: number;
  /** The ledger already has the empty interval with which an inclusive end closes. */
  emptyIsPlanned?: boolean;
  generations: Generations | undefined;
  outcome: FireResult["outcome"];
  nextFireAt: EpochMs | null;
  error: Error | undefined;
}

/**
 * Turns fires into runs: plans whatever the grid owes from the watermark to now. The only writer of
 * watermarks.
 *
 * A batch of fires is one transaction. If another planner was faster, the group is read and decided again.
 */
export class IntervalPlanner implements FireSink {
  readonly #store: ScheduleStore;
  readonly #clock: Clock;
  readonly #emitter: TidegateEmitter;
  readonly #signals: SignalEmitter;
  readonly #specs: SpecCache;
  readonly #namespace: string;
  /** In order of use, oldest first. */
  readonly #cache = new Map<string, Entry>();
  /** Timers of early fires, each of which is planned at its time. */
  readonly #held = new Map<string, ClockTimer>();
  /** Groups whose planning waits for runs to end. */
  readonly #deferred = new Set<string>();
  /** Groups that cannot be planned, each with the instant of its next attempt. */
  readonly #failing = new Map<string, EpochMs>();
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => this.#resume(groupIds);

  constructor(parts: PlannerParts) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#emitter = parts.emitter;
    this.#signals = parts.signals;
    this.#specs = parts.specs;
    this.#namespace = parts.namespace;
  }

  start(): void {
    this.#signals.on("runs-ended", this.#onRunsEnded);
  }

  stop(): void {
    this.#signals.off("runs-ended", this.#onRunsEnded);
    for (const timer of this.#held.values()) timer.cancel();
    this.#held.clear();
    this.#deferred.clear();
    this.#failing.clear();
    this.#cache.clear();
  }

  async fire(fires: readonly Fire[]): Promise<FireResult[]> {
    const works = new Map<string, Work>();
    for (const fire of fires) {
      const work = this.#workOf(works, fire.groupId);
      work.fires.push(fire);
      work.isFired = true;
    }
    await this.#planAll(works);
    return fires.map(({ groupId }) => resultOf(works.get(groupId)!));
  }

  /** Plans what these groups owe, as a fire for now would. The answers are in the order of the groups. */
  plan(groupIds: Iterable<string>): Promise<FireResult[]> {
    return this.#plan(groupIds, false);
  }

  async #plan(groupIds: Iterable<string>, isResumed: boolean): Promise<FireResult[]> {
    const works = new Map<string, Work>();
    for (const groupId of groupIds) this.#workOf(works, groupId, isResumed);
    await this.#planAll(works);
    return [...works.values()].map(resultOf);
  }

  /** Drops the cached state of a group whose schedule was changed. */
  forget(groupId: string): void {
    this.#cache.delete(groupId);
    this.#failing.delete(groupId);
  }

  #workOf(works: Map<string, Work>, groupId: string, isResumed = false): Work {
    const known = works.get(groupId);
    if (known !== undefined) return known;
    const work: Work = {
      groupId,
      fires: [],
      isFired: false,
      isResumed,
      runs: [],
      conflicts: 0,
      generations: undefined,
      outcome: "duplicate",
      nextFireAt: null,
      error: undefined,
    };
    works.set(groupId, work);
    return work;
  }

  async #planAll(works: Map<string, Work>): Promise<void> {
    const now = this.#clock.now();
    let open = [...works.values()].filter((work) => !this.#isLeftAlone(work, now));
    while (open.length > 0) {
      const missing = open.filter(({ groupId }) => !this.#cache.has(groupId));
      if (missing.length > 0) await this.#loadBeside(missing, open.length > missing.length);
      open = await this.#commit(open.filter(({ error }) => error === undefined));
    }
  }

  /**
   * Loads schedules. If other groups are planned in the same batch, they continue when these cannot be read.
   */
  async #loadBeside(works: readonly Work[], areOthers: boolean): Promise<void> {
    try {
      await this.#load(works);
    } catch (error) {
      if (!areOthers) throw error;
      for (const work of works) await this.#fail(work, error, undefined);
    }
  }

  #isLeftAlone(work: Work, now: EpochMs): boolean {
    const until = this.#failing.get(work.groupId);
    if (until === undefined) return false;
    this.#failing.delete(work.groupId);
    if (until <= now) return false;
    this.#failing.set(work.groupId, until);
    work.outcome = "failed";
    work.nextFireAt = until;
    return true;
  }

  /** Loads the schedules that are not in memory, or whose lane counts matter. */
  async #load(works: readonly Work[]): Promise<void> {
    const schedules = await isolated(works, (part) =>
      this.#store.getSchedules(part.map(({ groupId }) => groupId)),
    );
    for (const [index, schedule] of schedules.entries()) {
      if (schedule === undefined) continue;
      try {
        if (schedule instanceof OwnError) throw schedule.error;
        this.#specs.remember(schedule);
        const openRuns = schedule.admittedRuns + schedule.waitingRuns + schedule.blockingRuns;
        const grid = new Grid(schedule.spec);
        this.#cache.set(schedule.spec.groupId, { schedule, grid, isFresh: true, openRuns });
      } catch (error) {
        await this.#fail(works[index]!, error, schedule instanceof OwnError ? undefined : schedule);
      }
    }
  }

  /**
   * Records that one group failed, without affecting the others: an event and the schedule's reason report
   * it, and it is retried later. If the schedule cannot even be read, only the event reports it.
   */
  async #fail(work: Work, thrown: unknown, schedule: Schedule | undefined): Promise<void> {
    const { groupId } = work;
    const error = asError(thrown);
    const until = this.#clock.now() + RECHECK_MS;
    this.#cache.delete(groupId);
    this.#failing.set(groupId, until);
    work.error = error;
    work.outcome = "failed";
    work.nextFireAt = until;
    const reason = `${UNPLANNABLE}${messageOf(error)}`;
    this.#emitter.emit("trouble", {
      where: "planner",
      groupId,
      error: { code: "PLAN_FAILED", message: messageOf(error) },
    });
    if (schedule === undefined) return;
    await this.#setReason(schedule, reason, until);
  }

  async #setReason(schedule: Schedule, statusReason: string | null, until?: EpochMs): Promise<void> {
    const { version, status, spec } = schedule;
    await this.#store
      .changeSchedules([
        {
          groupId: spec.groupId,
          expected: { version, statuses: [status] },
          updatedAt: this.#clock.now(),
          statusReason,
          ...(until === undefined ? {} : { nextFireAt: until }),
        },
      ])
      // The reason is for people; planning does not depend on it.
      .catch(() => []);
    if (statusReason === schedule.statusReason) return;
    this.#emitter.emit("schedule-status", {
      groupId: spec.groupId,
      version,
      status,
      reason: statusReason,
    });
  }

  /** Decides and commits once for each group; returns those that have to be decided again. */
  async #commit(works: readonly Work[]): Promise<Work[]> {
    const again: Work[] = [];
    const steps: Step[] = [];
    let runs = 0;
    for (const work of works) {
      const step = runs < RUNS_PER_COMMIT ? await this.#tryToDecide(work) : "again";
      if (step === "again") again.push(work);
      if (typeof step === "string") continue;
      runs += step.commit.runs.length;
      steps.push(step);
    }
    if (steps.length === 0) return again;
    const results = await isolated(steps, (part) => this.#store.plan(part.map(({ commit }) => commit)));
    for (const [index, step] of steps.entries()) {
      const result = results[index];
      try {
        if (result instanceof OwnError) throw result.error;
        if (result ? this.#accept(step) : await this.#conflict(step)) again.push(step.work);
      } catch (error) {
        await this.#fail(step.work, error, step.entry.schedule);
      }
      if (result === true && step.entry.schedule.statusReason?.startsWith(UNPLANNABLE))
        await this.#setReason(step.entry.schedule, null);
    }
    return again;
  }

  async #tryToDecide(work: Work): Promise<Step | "done" | "again"> {
    const schedule = this.#cache.get(work.groupId)?.schedule;
    try {
      return this.#decide(work);
    } catch (error) {
      await this.#fail(work, error, schedule);
      return "done";
    }
  }

  /**
   * Decides what to commit for a group; `done` if there is nothing, `again` if the store has to be read
   * first: cached state is enough only for the plain case, one more interval of a schedule whose lane does
   * not matter.
   */
  #decide(work: Work): Step | "done" | "again" {
    const entry = this.#cache.get(work.groupId);
    if (entry === undefined || !SCHEDULE_STATUSES[entry.schedule.status].plans) {
      this.#cache.delete(work.groupId);
      work.outcome = work.runs.length > 0 ? "planned" : "inactive";
      return "done";
    }
    const { schedule, grid } = entry;
    let decision = decidePlan({
      spec: schedule.spec,
      grid,
      watermark: schedule.watermark,
      now: this.#clock.now(),
      openRuns: entry.openRuns,
      blockingRuns: schedule.blockingRuns,
      nextFireAt: schedule.nextFireAt,
    });
    if (!entry.isFresh && !isPlain(schedule, decision)) {
      this.#cache.delete(work.groupId);
      return "again";
    }
    if (work.emptyIsPlanned === true && decision.runs.length === 1 && isEmpty(decision.runs[0]!)) {
      // The last, empty interval leaves the watermark where it is, so only its run shows that it was planned.
      decision = { ...decision, outcome: "nothing", runs: [], nextFireAt: null };
    }
    if (changesNothing(schedule, decision, this.#clock.now())) {
      this.#finish(work, entry, { ...decision, nextFireAt: schedule.nextFireAt });
      return "done";
    }
    const commit = commitOf(schedule, decision, {
      namespace: this.#namespace,
      plannedAt: this.#clock.now(),
      generations: work.generations,
    });
    return { work, entry, decision, commit };
  }

  /** Applies what was committed; returns whether more is owed. */
  #accept({ work, entry, decision, commit }: Step): boolean {
    const { groupId } = work;
    this.#remember(entry, decision);
    work.runs.push(...commit.runs);
    entry.openRuns += commit.runs.filter(({ state }) => state === "PLANNED").length;
    if (commit.runs.length > 0) this.#emitter.emit("runs-planned", commit.runs);
    this.#finish(work, entry, decision);
    if (decision.cancelsActive) {
      this.#signals.emit("cancel-requested", { groupIds: [groupId], reason: "overlap-cancelled" });
    }
    return decision.hasMore;
  }

  /**
   * Prepares another attempt: another planner was faster, or the schedule was changed, so it is read again.
   * Or one of the intervals was given back: its run stays in the ledger, so the same bounds need the next
   * generation.
   */
  async #conflict({ work, commit }: Step): Promise<boolean> {
    this.#cache.delete(work.groupId);
    work.conflicts += 1;
    if (work.conflicts > MAX_CONFLICTS) {
      throw new StoreError("STORE_FAILED", `The watermark of group ${work.groupId} cannot be moved.`);
    }
    const inTheWay = await this.#store.getRuns(commit.runs.map(({ id }) => id));
    work.emptyIsPlanned = inTheWay.some((run) => run !== undefined && !run.isSuperseded && isEmpty(run));
    work.generations ??= new Generations();
    work.generations.note(inTheWay);
    return true;
  }

  #remember(entry: Entry, decision: PlanDecision): void {
    const { groupId } = entry.schedule.spec;
    entry.schedule = { ...entry.schedule, watermark: decision.newWatermark, nextFireAt: decision.nextFireAt };
    // The order of use matters only once the cache may soon be full.
    if (2 * this.#cache.size < CACHED_SCHEDULES) return;
    this.#cache.delete(groupId);
    this.#cache.set(groupId, entry);
    if (this.#cache.size <= CACHED_SCHEDULES) return;
    const oldest = this.#cache.keys().next().value;
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  #finish(work: Work, entry: Entry, decision: PlanDecision): void {
    entry.isFresh = false;
    work.nextFireAt = decision.nextFireAt;
    if (decision.waits) this.#deferred.add(work.groupId);
    else this.#deferred.delete(work.groupId);
    if (work.runs.length > 0) work.outcome = "planned";
    else if (decision.outcome === "deferred") work.outcome = "deferred";
    if (work.fires.length > 0) this.#judgeFires(work, entry);
    if (work.isFired || (work.isResumed && decision.outcome === "nothing")) return;
    const { delayMs } = entry.schedule.spec;
    this.#signals.emit("fire-moved", { groupId: work.groupId, nextFireAt: decision.nextFireAt, delayMs });
  }

  /** Holds early fires and reports those off the grid; the rest are mere repetitions. */
  #judgeFires(work: Work, { schedule, grid }: Entry): void {
    const now = this.#clock.now();
    for (const { scheduledTime } of work.fires.splice(0)) {
      const dueAt = scheduledTime + schedule.spec.delayMs;
      if (dueAt > now) {
        this.#hold(work.groupId, dueAt);
        if (work.runs.length === 0) work.outcome = "held";
      }
      if (!grid.isCut(scheduledTime)) {
        this.#emitter.emit("engine-drift", { groupId: work.groupId, scheduledTime });
      }
    }
  }

  #hold(groupId: string, until: EpochMs): void {
    if (this.#held.has(groupId)) return;
    const timer = this.#clock.wakeAt(until, () => {
      this.#held.delete(groupId);
      void this.#planInBackground([groupId]);
    });
    this.#held.set(groupId, timer);
  }

  /**
   * Plans more of what was deferred until runs end. If the store is shared, another process may have deferred
   * something there that this planner has not seen.
   */
  #resume(groupIds: ReadonlySet<string>): void {
    const { isShared } = this.#store;
    const waiting: string[] = [];
    for (const groupId of groupIds) {
      const entry = this.#cache.get(groupId);
      if (entry !== undefined) entry.openRuns = Math.max(0, entry.openRuns - 1);
      if (this.#deferred.delete(groupId) || isShared) waiting.push(groupId);
      if (isShared) this.#cache.delete(groupId);
    }
    if (waiting.length > 0) void this.#planInBackground(waiting, true);
  }

  async #planInBackground(groupIds: readonly string[], isResumed = false): Promise<void> {
    try {
      await this.#plan(groupIds, isResumed);
    } catch (error) {
      this.#emitter.emit("trouble", {
        where: "planner",
        error: { code: "PLAN_FAILED", message: messageOf(error) },
      });
    }
  }
}

function resultOf({ groupId, outcome, runs, nextFireAt, error }: Work): FireResult {
  return { groupId, outcome, runs, nextFireAt, ...(error === undefined ? {} : { error }) };
}

/**
 * Returns whether the decision can be trusted although the lane's count and the version may be stale. The
 * commit checks the version, and the count only bounds how far a backlog is planned ahead; a full lane is
 * verified in the store.
 */
function isPlain({ spec }: Schedule, decision: PlanDecision): boolean {
  const ignoresLane = spec.overlap === "queue" || spec.overlap === "allow";
  if (!ignoresLane || decision.outcome !== "planned" || decision.hasMore) return false;
  return decision.runs.length === 1 || (spec.catchup === "each" && decision.waits);
}

/**
 * Returns whether the store already reflects the decision: nothing is owed, or the recheck is already
 * recorded.
 */
function changesNothing({ nextFireAt }: Schedule, decision: PlanDecision, now: EpochMs): boolean {
  if (decision.outcome === "nothing") return decision.nextFireAt === nextFireAt;
  const isNoted = nextFireAt !== null && nextFireAt > now + RECHECK_MS / 2;
  return decision.outcome === "deferred" && !decision.cancelsActive && isNoted;
}

function isEmpty({ lower, upper }: Interval): boolean {
  return lower === upper;
}
