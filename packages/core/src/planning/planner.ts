import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import type { Fire, FireResult, FireSink } from "../engine/engine.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter, TidegateSignals } from "../events/signals.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { GroupState } from "../store/run-shortcuts.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { SealRead } from "../store/seal-table.js";
import { DeferredGroups } from "./deferred-groups.js";
import { FailingGroups, RETRY_MS } from "./failing-groups.js";
import { HeldFires } from "./held-fires.js";
import { isOfStore } from "./isolated.js";
import { type PlanDecision, RECHECK_MS } from "./plan-decision.js";
import { PlanLine } from "./plan-line.js";
import { PlanLoop } from "./plan-loop.js";
import { newWork, type PlanWork, resultOf } from "./plan-work.js";
import { type CachedSchedule, ScheduleCache } from "./schedule-cache.js";
import type { SourceLooks } from "./source-looks.js";
import type { SpecCache } from "./spec-cache.js";

/** How long the answer to a fire waits for a source to be looked at, ms: others are answered with it. */
const PATIENCE_MS = 1_000;

/**
 * How long a group whose run has ended waits for room at most, ms. In a shared store, another manager may have some.
 */
const LONGEST_IN_LINE_MS = { shared: 5_000, unshared: 10_000 };

/** Dependencies of `IntervalPlanner`. */
export interface PlannerParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly specs: SpecCache;
  readonly looks: SourceLooks;
  readonly namespace: string;
  /** See `PlanLoopParts.plan`. */
  readonly plan?: (commits: readonly PlanCommit[]) => Promise<boolean[]>;
  /** See `PlanLoopParts.isSaturated`. */
  readonly isSaturated?: () => boolean;
  /** See `PlanLoopParts.isBusy`. */
  readonly isBusy?: () => boolean;
  /** See `PlanLineParts.room`. @default as many as are planned */
  readonly room?: () => number;
}

/**
 * Turns fires into runs: plans whatever the grid owes from the watermark to now. The only writer of
 * watermarks, which never go back.
 */
export class IntervalPlanner implements FireSink {
  readonly #store: ScheduleStore;
  readonly #clock: Clock;
  readonly #emitter: TidegateEmitter;
  readonly #signals: SignalEmitter;
  readonly #cache = new ScheduleCache();
  readonly #failing: FailingGroups;
  readonly #loop: PlanLoop;
  readonly #held: HeldFires;
  readonly #deferred: DeferredGroups;
  readonly #line: PlanLine;
  readonly #waits: Waits;
  #isRunning = false;
  readonly #onRunsEnded: TidegateSignals["runs-ended"] = (groupIds, uncovered, states) =>
    this.#resume(groupIds, uncovered, states);

  constructor(parts: PlannerParts) {
    const { store, clock, emitter, signals } = parts;
    this.#store = store;
    this.#clock = clock;
    this.#emitter = emitter;
    this.#signals = signals;
    this.#failing = new FailingGroups(parts);
    this.#waits = new Waits(clock);
    this.#deferred = new DeferredGroups(store.planAndClaim === undefined);
    this.#held = new HeldFires(clock, (groupId) => void this.#planInBackground([newWork(groupId, "asked")]));
    const { room = () => Number.POSITIVE_INFINITY } = parts;
    this.#line = new PlanLine({
      clock,
      longestMs: LONGEST_IN_LINE_MS[store.isShared ? "shared" : "unshared"],
      // Without `planAndClaim`, a run is claimed apart from its plan in any case.
      room: store.planAndClaim === undefined ? () => Number.POSITIVE_INFINITY : room,
      plan: (groupIds) =>
        this.#planInBackground(groupIds.map((groupId) => newWork(groupId, "resumed", false))),
    });
    this.#loop = new PlanLoop({
      ...parts,
      cache: this.#cache,
      failing: this.#failing,
      // If one process does everything, a wake is only lost with the process itself.
      recheckMs: (schedule) =>
        store.isShared ? this.#deferred.recheckMs(schedule, clock.now()) : RECHECK_MS,
      onDecided: (work, cached, decision) => this.#decided(work, cached, decision),
    });
  }

  start(): void {
    this.#isRunning = true;
    this.#signals.on("runs-ended", this.#onRunsEnded);
  }

  stop(): void {
    this.#isRunning = false;
    this.#signals.off("runs-ended", this.#onRunsEnded);
    this.#waits.wake();
    this.#held.clear();
    this.#deferred.clear();
    this.#line.clear();
    this.#failing.clear();
    this.#cache.clear();
  }

  async fire(fires: readonly Fire[]): Promise<FireResult[]> {
    const works = new Map<string, PlanWork>();
    for (const fire of fires) {
      const work = works.get(fire.groupId) ?? newWork(fire.groupId, "fired");
      work.fires.push(fire);
      works.set(fire.groupId, work);
    }
    const open = this.#plannable([...works.values()]).filter((work) => !this.#isEarlyCheck(work));
    if (this.#store.isShared)
      for (const { groupId, scheduledTime } of fires) this.#cache.follow(groupId, scheduledTime);
    await this.#loop.run(open);
    await this.#awaitLooks(open);
    return fires.map(({ groupId }) => resultOf(works.get(groupId)!));
  }

  /** Plans what these groups owe, as a fire for now would. The answers are in the order of the groups. */
  async plan(groupIds: Iterable<string>): Promise<FireResult[]> {
    const works = Array.from(new Set(groupIds), (groupId) => newWork(groupId, "asked"));
    await this.#planAll(works);
    return works.map(resultOf);
  }

  /**
   * Plans what a group owes, as its catch-up policy says, because a person asks for it: without waiting for
   * `batchUntil`, and also if it has failed shortly before.
   *
   * @param isPaused - whether to do so although the schedule is paused, to run at once beside its lane: then at most
   *   as much as one step plans, and the rest stays owed. Plans nothing if the schedule is not paused
   */
  async planNow(groupId: string, isPaused: boolean): Promise<FireResult> {
    return this.#planAsked(groupId, isPaused, "owed");
  }

  /**
   * Plans a snapshot because a person asks for it: of what is owed, or of the time until now. Plans none while
   * another one, or runs that may not be beside it, are under way.
   */
  async planSnapshot(groupId: string, note: string, { seal }: SealRead = {}): Promise<FireResult> {
    this.forget(groupId);
    const work = newWork(groupId, "asked");
    work.snapshot = { cause: "requested", note };
    work.seal = seal;
    await this.#planAll([work]);
    return resultOf(work);
  }

  /**
   * Plans everything that the source of a group has now, because a person asks for it: with what is owed, or with the time
   * until now. At most 1,000 runs; the rest follows at the next fire.
   *
   * @param isPaused - whether to do so although the schedule is paused, as `planNow` does
   */
  async planDrain(groupId: string, isPaused: boolean): Promise<FireResult> {
    return this.#planAsked(groupId, isPaused, "all");
  }

  async #planAsked(groupId: string, isPaused: boolean, reads: PlanWork["reads"]): Promise<FireResult> {
    this.forget(groupId);
    const work = newWork(groupId, isPaused ? "while-paused" : "asked");
    work.reads = reads;
    await this.#planAll([work]);
    if (isPaused) this.forget(groupId);
    return resultOf(work);
  }

  /**
   * Plans groups that wait for room.
   *
   * @param share - how many to plan although runs in the store are claimed before theirs
   */
  onRoom(share: number): void {
    this.#line.wake(share);
  }

  /** Drops the cached state of a group whose schedule was changed. */
  forget(groupId: string): void {
    this.#cache.forget(groupId);
    this.#failing.forget(groupId);
  }

  async #planAll(works: readonly PlanWork[]): Promise<void> {
    const open = this.#plannable(works);
    await this.#loop.run(open);
    const looking = open.filter((work) => work.looking !== undefined);
    if (looking.length > 0) await lookedAt(looking);
  }

  #plannable(works: readonly PlanWork[]): PlanWork[] {
    return works.filter((work) => !this.#isLeftAlone(work));
  }

  /** Waits for looks at sources; those that take long go on in the background, as if nobody had fired. */
  async #awaitLooks(works: readonly PlanWork[]): Promise<void> {
    const looking = works.filter((work) => work.looking !== undefined);
    if (looking.length === 0) return;
    await this.#waits.within(PATIENCE_MS, lookedAt(looking));
    const slow = looking.filter((work) => work.looking !== undefined);
    if (slow.length === 0) return;
    for (const work of slow) {
      work.cause = "asked";
      work.outcome = "deferred";
      work.nextFireAt = this.#clock.now() + RECHECK_MS;
    }
    void this.#inBackground(slow, () => lookedAt(slow));
  }

  #isLeftAlone(work: PlanWork): boolean {
    const until = this.#failing.waitsUntil(work.groupId);
    if (until === undefined) return false;
    work.outcome = "failed";
    work.nextFireAt = until;
    return true;
  }

  #decided(work: PlanWork, cached: CachedSchedule, decision: PlanDecision): void {
    const { groupId, cause } = work;
    cached.isFresh = false;
    cached.isUncoveredRead = false;
    this.#line.delete(groupId);
    work.nextFireAt = decision.nextFireAt;
    if (work.runs.length > 0) work.outcome = "planned";
    else if (decision.outcome === "deferred") work.outcome = "deferred";
    if (cause === "while-paused") return;
    if (decision.waits) this.#deferred.add(cached.schedule, this.#clock.now());
    else this.#deferred.delete(groupId);
    if (work.fires.length > 0) this.#judgeFires(work, cached);
    // While planning waits for runs, the engine need not know how long it will be checked again at the latest.
    if (cause === "fired" || (cause === "resumed" && (decision.outcome === "nothing" || decision.waits)))
      return;
    const { delayMs, engine } = cached.schedule.spec;
    this.#signals.emit("fire-moved", { groupId, nextFireAt: decision.nextFireAt, delayMs }, engine);
  }

  /**
   * Returns whether the planning of a group waits for a run to end and is to be checked at a later time, of which its
   * engine has not been told: then it is answered so. A fire for an interval is no check: another manager may have
   * planned all before it.
   */
  #isEarlyCheck(work: PlanWork): boolean {
    const { groupId, fires } = work;
    const grid = this.#store.isShared ? this.#cache.get(groupId)?.grid : undefined;
    if (grid !== undefined && fires.some(({ scheduledTime }) => grid.isCut(scheduledTime))) return false;
    const nextFireAt = this.#cache.checkAt(groupId);
    if (nextFireAt === undefined || nextFireAt <= this.#clock.now()) return false;
    work.outcome = "deferred";
    work.nextFireAt = nextFireAt;
    return true;
  }

  /** Holds early fires and reports those off the grid; the rest are mere repetitions. */
  #judgeFires(work: PlanWork, { schedule, grid }: CachedSchedule): void {
    const now = this.#clock.now();
    for (const { scheduledTime } of work.fires.splice(0)) {
      const dueAt = scheduledTime + schedule.spec.delayMs;
      if (dueAt > now) {
        this.#held.hold(work.groupId, dueAt);
        if (work.runs.length === 0) work.outcome = "held";
      }
      // An engine that keeps times by the store also fires when planning that waits for runs is checked again.
      if (dueAt !== work.toldToFireAt && !grid.isCut(scheduledTime)) {
        this.#emitter.emit("engine-drift", { groupId: work.groupId, scheduledTime });
      }
    }
  }

  /**
   * Plans more of what was deferred until runs end, and what was cancelled for it. Another process may have
   * deferred something that this planner has not seen: if the store is shared and does not tell that nothing is
   * owed, or before a restart.
   */
  #resume(
    groupIds: ReadonlySet<string>,
    uncovered: ReadonlySet<string>,
    states: ReadonlyMap<string, GroupState>,
  ): void {
    const { isShared } = this.#store;
    const waiting: string[] = [];
    const lost: PlanWork[] = [];
    for (const groupId of groupIds) {
      const isTold = this.#cache.runEnded(groupId, states.get(groupId));
      const isUnknown = isShared ? !isTold : !this.#cache.has(groupId);
      const isUncovered = uncovered.has(groupId);
      const isOwed = (): boolean => isTold && !this.#cache.isPlanned(groupId, this.#clock.now());
      const isWaiting = this.#deferred.delete(groupId) || isUnknown || isOwed();
      if (isUncovered) lost.push(newWork(groupId, "resumed", true));
      else if (isWaiting) waiting.push(groupId);
      if ((isShared && isUnknown) || isUncovered) this.#cache.forget(groupId);
    }
    if (lost.length > 0) void this.#planInBackground(lost);
    if (waiting.length > 0) this.#line.add(waiting);
  }

  /** Plans what no engine waits for. Nobody else would repeat those that fail, each or as a whole. */
  #planInBackground(works: readonly PlanWork[]): Promise<void> {
    return this.#inBackground(works, () => this.#planAll(works));
  }

  async #inBackground(works: readonly PlanWork[], planned: () => Promise<unknown>): Promise<void> {
    try {
      await planned();
      if (!this.#isRunning) return;
      for (const { groupId, outcome, nextFireAt } of works)
        if (outcome === "failed" && nextFireAt !== null) this.#held.hold(groupId, nextFireAt);
    } catch (error) {
      if (!this.#isRunning) return;
      const again = this.#clock.now() + (isOfStore(error) ? RETRY_MS : RECHECK_MS);
      for (const { groupId } of works) this.#held.hold(groupId, again);
      this.#emitter.emit("trouble", {
        where: "planner",
        error: { code: "PLAN_FAILED", message: messageOf(error) },
      });
    }
  }
}

/** Resolves when the sources of all groups were looked at, and what that shows is planned. */
async function lookedAt(works: readonly PlanWork[]): Promise<void> {
  for (const { looking } of works) await looking;
}
