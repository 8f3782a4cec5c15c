import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import type { Fire, FireResult, FireSink } from "../engine/engine.js";
import { messageOf, StoreError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { NewRun } from "../run/run.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule, ScheduleStatus } from "../schedule/schedule.js";
import type { PlanCommit, ScheduleStore } from "../store/schedule-store.js";
import { commitOf, Generations } from "./plan-commit.js";
import { decidePlan, type PlanDecision } from "./plan-decision.js";
import type { SpecCache } from "./spec-cache.js";

/** Statuses in which a schedule plans what it owes. */
export const PLANNING_STATUSES: readonly ScheduleStatus[] = ["REGISTERING", "REGISTERED", "FAILED"];

/** How many schedules stay in memory between fires. */
const CACHED_SCHEDULES = 50_000;

/** How often a group is decided again after its watermark was found moved, before something must be wrong. */
const MAX_CONFLICTS = 20;

/** About how many runs one transaction inserts; other groups of the batch follow in the next. */
const RUNS_PER_COMMIT = 5_000;

/** What a planner works with. */
export interface PlannerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly specs: SpecCache;
  readonly namespace: string;
}

interface Entry {
  schedule: Schedule;
  readonly grid: Grid;
  /** Whether the lane's counts are as they were just read. */
  isFresh: boolean;
}

/** One group's part of a transaction. */
interface Step {
  readonly work: Work;
  readonly entry: Entry;
  readonly decision: PlanDecision;
  readonly commit: PlanCommit;
}

/** A group that is being planned, and what came of it so far. */
interface Work {
  readonly groupId: string;
  /** Fires that were not judged yet. */
  readonly fires: Fire[];
  /** An engine fired and gets the answer; otherwise it has to be told. */
  isFired: boolean;
  readonly runs: NewRun[];
  conflicts: number;
  generations: Generations | undefined;
  outcome: FireResult["outcome"];
  nextFireAt: EpochMs | null;
}

/**
 * Turns fires into runs: plans whatever the grid owes from the watermark to now. The only writer of watermarks.
 *
 * A batch of fires is one transaction. Where another planner was faster, the group is read again and decided anew.
 */
export class IntervalPlanner implements FireSink {
  readonly #store: ScheduleStore;
  readonly #clock: Clock;
  readonly #emitter: TidegateEmitter;
  readonly #specs: SpecCache;
  readonly #namespace: string;
  /** In order of use, oldest first. */
  readonly #cache = new Map<string, Entry>();
  /** Early fires, each repeated at its time. */
  readonly #held = new Map<string, ClockTimer>();
  /** Groups whose planning waits for runs to end. */
  readonly #deferred = new Set<string>();
  readonly #onRunsEnded = (groupIds: ReadonlySet<string>): void => this.#resumeDeferred(groupIds);

  constructor(parts: PlannerParts) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#emitter = parts.emitter;
    this.#specs = parts.specs;
    this.#namespace = parts.namespace;
  }

  start(): void {
    this.#emitter.on("runs-ended", this.#onRunsEnded);
  }

  stop(): void {
    this.#emitter.off("runs-ended", this.#onRunsEnded);
    for (const timer of this.#held.values()) timer.cancel();
    this.#held.clear();
    this.#deferred.clear();
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
  async plan(groupIds: Iterable<string>): Promise<FireResult[]> {
    const works = new Map<string, Work>();
    for (const groupId of groupIds) this.#workOf(works, groupId);
    await this.#planAll(works);
    return [...works.values()].map(resultOf);
  }

  /** Forgets what it remembers of a group: its schedule was changed. */
  forget(groupId: string): void {
    this.#cache.delete(groupId);
  }

  #workOf(works: Map<string, Work>, groupId: string): Work {
    const known = works.get(groupId);
    if (known !== undefined) return known;
    const work: Work = {
      groupId,
      fires: [],
      isFired: false,
      runs: [],
      conflicts: 0,
      generations: undefined,
      outcome: "duplicate",
      nextFireAt: null,
    };
    works.set(groupId, work);
    return work;
  }

  async #planAll(works: Map<string, Work>): Promise<void> {
    let open = [...works.values()];
    while (open.length > 0) {
      const missing = open.map(({ groupId }) => groupId).filter((groupId) => !this.#cache.has(groupId));
      if (missing.length > 0) await this.#load(missing);
      open = await this.#commit(open);
    }
  }

  /** Brings the schedules that are not in memory, or whose lane counts matter, from the store. */
  async #load(groupIds: readonly string[]): Promise<void> {
    const schedules = await this.#store.getSchedules(groupIds);
    for (const schedule of schedules) {
      if (schedule === undefined) continue;
      this.#specs.remember(schedule);
      this.#cache.set(schedule.spec.groupId, { schedule, grid: new Grid(schedule.spec), isFresh: true });
    }
  }

  /** Decides and commits once for each group; returns those that have to be decided again. */
  async #commit(works: readonly Work[]): Promise<Work[]> {
    const again: Work[] = [];
    const steps: Step[] = [];
    let runs = 0;
    for (const work of works) {
      const step = runs < RUNS_PER_COMMIT ? this.#decide(work) : "again";
      if (step === "again") again.push(work);
      if (typeof step === "string") continue;
      runs += step.commit.runs.length;
      steps.push(step);
    }
    if (steps.length === 0) return again;
    const results = await this.#store.plan(steps.map(({ commit }) => commit));
    for (const [index, step] of steps.entries()) {
      const isOpen = results[index] ? this.#accept(step) : await this.#conflict(step);
      if (isOpen) again.push(step.work);
    }
    return again;
  }

  /**
   * What to commit for a group; `done` where there is nothing, `again` where the store has to be asked first: what is in
   * memory decides only the plain case, one more interval of a schedule whose lane does not matter.
   */
  #decide(work: Work): Step | "done" | "again" {
    const entry = this.#cache.get(work.groupId);
    if (entry === undefined || !PLANNING_STATUSES.includes(entry.schedule.status)) {
      this.#cache.delete(work.groupId);
      work.outcome = work.runs.length > 0 ? "planned" : "inactive";
      return "done";
    }
    const { schedule, grid } = entry;
    const decision = decidePlan({
      spec: schedule.spec,
      grid,
      watermark: schedule.watermark,
      now: this.#clock.now(),
      openRuns: schedule.admittedRuns + schedule.waitingRuns + schedule.blockingRuns,
    });
    if (!entry.isFresh && !isPlain(schedule, decision)) {
      this.#cache.delete(work.groupId);
      return "again";
    }
    if (decision.outcome === "nothing" && decision.nextFireAt === schedule.nextFireAt) {
      this.#finish(work, entry, decision);
      return "done";
    }
    const commit = commitOf(schedule, decision, {
      namespace: this.#namespace,
      plannedAt: this.#clock.now(),
      generations: work.generations,
    });
    return { work, entry, decision, commit };
  }

  /** Takes in what was committed; returns whether more is owed. */
  #accept({ work, entry, decision, commit }: Step): boolean {
    const { groupId } = work;
    this.#remember(entry, decision);
    work.runs.push(...commit.runs);
    if (commit.runs.length > 0) this.#emitter.emit("runs-planned", commit.runs);
    this.#finish(work, entry, decision);
    if (decision.cancelsActive) {
      this.#emitter.emit("cancel-requested", { groupIds: [groupId], reason: "overlap-cancelled" });
    }
    return decision.hasMore;
  }

  /**
   * Another planner was faster, or the schedule was changed: read it again. Or one of the intervals was given back: its
   * run stays in the ledger, so the same bounds need the next generation.
   */
  async #conflict({ work, commit }: Step): Promise<boolean> {
    this.#cache.delete(work.groupId);
    work.conflicts += 1;
    if (work.conflicts > MAX_CONFLICTS) {
      throw new StoreError("STORE_FAILED", `The watermark of group ${work.groupId} cannot be moved.`);
    }
    work.generations ??= new Generations();
    work.generations.note(await this.#store.getRuns(commit.runs.map(({ id }) => id)));
    return true;
  }

  #remember(entry: Entry, decision: PlanDecision): void {
    const { groupId } = entry.schedule.spec;
    entry.schedule = { ...entry.schedule, watermark: decision.newWatermark, nextFireAt: decision.nextFireAt };
    // The order of use matters only where there are about to be too many.
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
    if (decision.outcome === "deferred") {
      this.#deferred.add(work.groupId);
      work.outcome = work.runs.length > 0 ? "planned" : "deferred";
    } else {
      this.#deferred.delete(work.groupId);
      if (work.runs.length > 0) work.outcome = "planned";
    }
    if (work.fires.length > 0) this.#judgeFires(work, entry);
    if (work.isFired) return;
    const { delayMs } = entry.schedule.spec;
    this.#emitter.emit("fire-moved", { groupId: work.groupId, nextFireAt: decision.nextFireAt, delayMs });
  }

  /** Tells early fires and those off the grid from mere repetitions. */
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

  #resumeDeferred(groupIds: ReadonlySet<string>): void {
    const waiting = [...groupIds].filter(
      (groupId) => this.#deferred.delete(groupId) || this.#mayBeDeferredElsewhere(groupId),
    );
    if (waiting.length === 0) return;
    for (const groupId of waiting) this.#cache.delete(groupId);
    void this.#planInBackground(waiting);
  }

  /** Another manager that has put off the planning of a group is not told that a run of it has ended here. */
  #mayBeDeferredElsewhere(groupId: string): boolean {
    const overlap = this.#store.isShared ? this.#specs.peekGroup(groupId)?.overlap : undefined;
    return overlap === "coalesce-pending" || overlap === "cancel-running";
  }

  async #planInBackground(groupIds: readonly string[]): Promise<void> {
    try {
      await this.plan(groupIds);
    } catch (error) {
      this.#emitter.emit("trouble", {
        where: "planner",
        error: { code: "PLAN_FAILED", message: messageOf(error) },
      });
    }
  }
}

function resultOf({ groupId, outcome, runs, nextFireAt }: Work): FireResult {
  return { groupId, outcome, runs, nextFireAt };
}

/** Whether the decision can be trusted although the lane's counts and the version may be stale: the commit checks both. */
function isPlain({ spec }: Schedule, decision: PlanDecision): boolean {
  const ignoresLane = spec.overlap === "queue" || spec.overlap === "allow";
  return ignoresLane && decision.outcome === "planned" && decision.runs.length === 1 && !decision.hasMore;
}
