import type { Clock, EpochMs } from "../clock/clock.js";
import { asError } from "../errors/as-error.js";
import { StoreError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { SignalEmitter } from "../events/signals.js";
import { isExpiring } from "../offset/headroom.js";
import type { Run, RunSnapshot } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { isSealAsRead } from "../store/seal-table.js";
import type { FailingGroups } from "./failing-groups.js";
import { isolated, OwnError } from "./isolated.js";
import { KeptSteps } from "./kept-steps.js";
import { freshRun, type OffsetDecision, readsWhatIsLeft, withOffsets } from "./offset-plan.js";
import { commitOf } from "./plan-commit.js";
import { PLANNED_AHEAD, type PlanDecision, type PlanInput } from "./plan-decision.js";
import { isEmpty, nextStep } from "./plan-step.js";
import type { PlanWork } from "./plan-work.js";
import { type CachedSchedule, isLeft, isPassedOn, type ScheduleCache } from "./schedule-cache.js";
import { ScheduleReader } from "./schedule-reader.js";
import { SnapshotStates } from "./snapshot-states.js";
import type { SourceLooks } from "./source-looks.js";
import { watchesSource, withLookOf } from "./source-watch.js";
import type { SpecCache } from "./spec-cache.js";
import { Together } from "./together.js";

/**
 * How often a group may be decided again because the store has refused its plan; more than this means that
 * something is wrong.
 */
const MAX_CONFLICTS = 20;

/** About how many runs one transaction inserts; the other groups of the batch follow in the next. */
const RUNS_PER_COMMIT = 5_000;

/** Dependencies of `PlanLoop`. */
export interface PlanLoopParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  readonly specs: SpecCache;
  readonly namespace: string;
  readonly cache: ScheduleCache;
  readonly failing: FailingGroups;
  readonly looks: SourceLooks;
  /** Commits plans; see `RunLedger.plan`. @default that of the store */
  readonly plan?: (commits: readonly PlanCommit[]) => Promise<boolean[]>;
  /** Returns whether more runs are ready than this manager carries out. @default it never is */
  readonly isSaturated?: () => boolean;
  /** Returns whether this manager has much to carry out, so that each further write counts. @default it never has */
  readonly isBusy?: () => boolean;
  /** Returns when to check a schedule again if its planning waits for runs to end, ms. */
  readonly recheckMs: (schedule: Schedule) => number;
  /** Called when a decision about a group stands: it was committed, or the store reflected it already. */
  readonly onDecided: (work: PlanWork, cached: CachedSchedule, decision: PlanDecision) => void;
}

/** The end of a decision without a step: nothing to do, to decide again, or to look at the source first. */
type NoStep = "done" | "again" | "look" | "look-for-snapshot";

/** A decision about a group, and what it was based on. */
interface Decided {
  readonly work: PlanWork;
  readonly cached: CachedSchedule;
  /** As decided upon: by the time that more is read, another plan may have moved what is cached. */
  readonly schedule: Schedule;
  readonly decision: OffsetDecision;
  readonly plannedAt: EpochMs;
  /** See `CachedSchedule.ends`, at the time of the decision. */
  readonly ends: number;
}

/** One group's part of a transaction. */
interface Step extends Decided {
  readonly commit: PlanCommit;
}

/**
 * Decides and commits for many groups at once, each until nothing more is owed: a batch is one transaction,
 * and a group whose plan the store refuses is read and decided again, since another planner was faster. A
 * group that fails affects no other. A group that is planned by positions leaves the batch while its source is
 * asked: see `PlanWork.looking`.
 */
export class PlanLoop {
  readonly #parts: PlanLoopParts;
  readonly #snapshots: SnapshotStates;
  readonly #reader: ScheduleReader;
  readonly #kept = new KeptSteps();
  /** Groups whose sources have answered: those that come while others are planned are planned together. */
  readonly #looked = new Together<PlanWork>((works) => this.run(works));

  constructor(parts: PlanLoopParts) {
    this.#parts = parts;
    this.#snapshots = new SnapshotStates(parts.store);
    this.#reader = new ScheduleReader({
      ...parts,
      snapshots: this.#snapshots,
      fail: (work, error, schedule) => this.#fail(work, error, schedule),
    });
  }

  /**
   * Plans everything; the results are in the works, those with a look in progress once that has ended.
   *
   * @throws StoreError if the store as a whole fails
   */
  async run(works: readonly PlanWork[]): Promise<void> {
    let open = works;
    while (open.length > 0) {
      const missing = open.filter(({ groupId }) => !this.#parts.cache.has(groupId));
      if (missing.length > 0) await this.#reader.read(missing, open.length > missing.length);
      open = await this.#commit(open.filter(({ error }) => error === undefined));
    }
  }

  /** Decides and commits once for each group; returns those that have to be decided again. */
  async #commit(works: readonly PlanWork[]): Promise<PlanWork[]> {
    const { store, failing } = this.#parts;
    const commit = this.#parts.plan ?? ((commits) => store.plan(commits));
    const again: PlanWork[] = [];
    const steps: Step[] = [];
    let runs = 0;
    for (const work of works) {
      const decided = runs < RUNS_PER_COMMIT ? this.#tryToDecide(work) : "again";
      const step = decided instanceof Promise ? await decided : decided;
      if (step === "again") again.push(work);
      if (step === "look" || step === "look-for-snapshot")
        this.#beginLook(work, step === "look-for-snapshot");
      if (typeof step === "string") continue;
      runs += step.commit.runs.length;
      steps.push(step);
    }
    if (steps.length === 0) return again;
    const results = await isolated(steps, (part) => commit(part.map((step) => step.commit)));
    for (const [index, step] of steps.entries()) {
      const result = results[index];
      try {
        if (result instanceof OwnError) throw result.error;
        if (result ? this.#accept(step) : await this.#conflict(step)) again.push(step.work);
      } catch (error) {
        await this.#fail(step.work, error, step.cached.schedule);
      }
      const recovering = result === true ? failing.recovered(step.cached.schedule) : undefined;
      if (recovering === undefined) continue;
      await recovering;
      this.#parts.cache.forget(step.work.groupId);
    }
    return again;
  }

  #tryToDecide(work: PlanWork): Step | NoStep | Promise<Step | NoStep> {
    const cached = this.#parts.cache.get(work.groupId);
    const schedule = cached?.schedule;
    try {
      const step = this.#decide(work, cached);
      if (!(step instanceof Promise)) return step;
      return step.catch((error: unknown) => this.#undecided(work, error, schedule));
    } catch (error) {
      return this.#undecided(work, error, schedule);
    }
  }

  async #undecided(work: PlanWork, error: unknown, schedule: Schedule | undefined): Promise<"done"> {
    await this.#fail(work, error, schedule);
    return "done";
  }

  /** Decides about a group: at once, unless more has to be read. */
  #decide(work: PlanWork, cached: CachedSchedule | undefined): Step | NoStep | Promise<Step | NoStep> {
    const { cache, clock, recheckMs, onDecided } = this.#parts;
    const { groupId } = work;
    // It was forgotten since, while others of the batch were read: a run has ended, or the schedule was changed.
    if (cached === undefined && !work.isUnknown) return "again";
    if (cached !== undefined && this.#isLeftToOther(work, cached)) {
      work.outcome = "deferred";
      work.nextFireAt = cached.schedule.nextFireAt;
      return "done";
    }
    const step =
      cached &&
      (this.#kept.take(work, cached) ??
        nextStep(work, cached, clock.now(), recheckMs(cached.schedule), this.#aheadOf(work, cached)));
    if (cached === undefined || step === undefined || !("decision" in step)) {
      cache.forget(groupId);
      if (step?.do === "read") return "again";
      work.outcome = work.runs.length > 0 ? "planned" : "inactive";
      return "done";
    }
    const { schedule, ends } = cached;
    work.toldToFireAt ??= schedule.nextFireAt;
    if (step.do === "nothing") {
      onDecided(work, cached, step.decision);
      return "done";
    }
    let decision: OffsetDecision = step.decision;
    if (schedule.spec.boundaryType === "OFFSET") {
      const fresh = freshRun(decision, schedule);
      const isForSnapshot = fresh?.snapshot !== undefined;
      const watches = watchesSource(cached, decision, clock.now());
      const needsLook = fresh !== undefined || watches || readsWhatIsLeft(decision);
      if (needsLook && !isLookOf(work, schedule, isForSnapshot)) {
        this.#kept.keep(work, cached, step);
        return isForSnapshot ? "look-for-snapshot" : "look";
      }
      const found = work.look?.found;
      decision = watches ? withLookOf(decision, schedule, found) : withOffsets(decision, schedule, found);
    }
    const decided: Decided = { work, cached, schedule, decision, plannedAt: clock.now(), ends };
    // If the watermark has moved since a plan was refused, that was the reason.
    const isNew = work.refusedAt !== schedule.watermark && decision.supersedes.length === 0;
    const isPlain = isNew && snapshotIn(decision) === undefined;
    return isPlain ? stepOf(decided, this.#parts.namespace) : this.#stepOnceRead(decided, isNew);
  }

  /**
   * Returns whether a lane that owes more is left to another manager: the one that carries out its runs plans the next as
   * soon as it has room. If two did, each plan of one would outdate the next of the other. Should that manager die, the
   * lane is planned when it is due to be checked.
   */
  #isLeftToOther(
    { cause, mayBeUncovered, runs, refusedAt, fires }: PlanWork,
    cached: CachedSchedule,
  ): boolean {
    const { store, clock } = this.#parts;
    const { schedule, grid } = cached;
    const isShared = store.isShared && store.planAndClaim !== undefined;
    if (!isShared || mayBeUncovered || runs.length > 0 || !isPassedOn(schedule)) return false;
    // Another one has planned since the last run ended here.
    if (cause === "resumed") return refusedAt !== undefined && refusedAt < schedule.watermark;
    // A fire for an interval is no check.
    const isCheck = fires.length > 0 && !fires.some(({ scheduledTime }) => grid.isCut(scheduledTime));
    return isCheck && isLeft(cached) && (schedule.nextFireAt ?? 0) > clock.now();
  }

  /**
   * Reads what a decision depends on besides its schedule.
   *
   * @param isNew - whether the ledger cannot have the decision's runs
   */
  async #stepOnceRead(decided: Decided, isNew: boolean): Promise<Step | "again"> {
    const { namespace } = this.#parts;
    if (await this.#isSnapshotHeld(decided)) return "again";
    if (isNew) return stepOf(decided, namespace);
    const generations = await this.#freeGenerations(decided);
    return generations === undefined ? "again" : stepOf(decided, namespace, generations);
  }

  /** Returns whether a decision has a snapshot that has to wait for other runs, and notes that for the next. */
  async #isSnapshotHeld({ work, cached, decision }: Decided): Promise<boolean> {
    const snapshot = snapshotIn(decision);
    if (snapshot === undefined) return false;
    const other = await this.#snapshots.inTheWay(cached.schedule, work.cause === "while-paused");
    if (other === undefined) return false;
    cached.isSnapshotHeld = true;
    // That positions were lost shows only once the source was looked at.
    work.snapshot ??= snapshot;
    return true;
  }

  /** Looks at the source of a group, and then plans it: a slow source holds up no other group. */
  #beginLook(work: PlanWork, isForSnapshot: boolean): void {
    const looking = this.#look(work, isForSnapshot);
    work.looking = looking;
    // The caller that plans the work awaits it, though perhaps later.
    looking.catch(() => undefined);
  }

  async #look(work: PlanWork, isForSnapshot: boolean): Promise<void> {
    // By then it is noted: it awaits the one that follows it, and must never take itself for that.
    await null;
    const own = work.looking;
    const { cache, looks } = this.#parts;
    const schedule = cache.get(work.groupId)?.schedule;
    try {
      try {
        if (schedule !== undefined)
          work.look = {
            of: schedule,
            isForSnapshot,
            found: await looks.look(schedule, isForSnapshot, work.reads),
          };
      } catch (error) {
        return await this.#fail(work, error, schedule);
      }
      await this.#looked.add(work);
      if (work.looking !== own) await work.looking;
    } finally {
      if (work.looking === own) work.looking = undefined;
    }
  }

  /**
   * Returns how many runs are planned ahead of a full lane: none of a backlog, which is planned as runs end, so
   * that each of its runs costs no more than one that is on time. If several managers share a store that does not
   * claim what it plans, the one that plans may as well leave what goes on without it, should it die. A manager that
   * is behind plans nothing ahead: written before its time, it would only put it further behind. So does a busy one, if
   * the store claims what it plans, for a group of which more than one interval is owed: it may be about to fall behind.
   */
  #aheadOf({ cause }: PlanWork, cached: CachedSchedule): Pick<PlanInput, "ahead" | "aheadIfBehind"> {
    const { isShared, planAndClaim } = this.#parts.store;
    if (this.#parts.isSaturated?.() === true) return { ahead: 0 };
    const isBacklog = cause === "resumed" || isLeft(cached);
    if (isBacklog) return { ahead: isShared && planAndClaim === undefined ? PLANNED_AHEAD : 0 };
    return planAndClaim !== undefined && this.#parts.isBusy?.() === true ? { aheadIfBehind: 0 } : {};
  }

  /**
   * Returns for each run of a step the first generation of its interval that the ledger does not have: a
   * cancelled run stays in it, and may have had the same bounds. `undefined` if the empty interval of an
   * inclusive end turns out to be planned, so that the step has to be decided again.
   */
  async #freeGenerations({ work, schedule, decision, plannedAt }: Decided): Promise<number[] | undefined> {
    const { store, namespace } = this.#parts;
    const { runs, supersedes } = decision;
    const same = ({ lower, upper }: Run, index: number): boolean =>
      runs[index]!.lower === lower && runs[index]!.upper === upper;
    const generations = runs.map((_, index) =>
      supersedes
        .filter((run) => same(run, index))
        .reduce((next, run) => Math.max(next, run.generation + 1), 0),
    );
    for (;;) {
      const { runs: named } = commitOf(schedule, decision, { namespace, plannedAt, generations });
      const known = await store.getRuns(named.map(({ id }) => id));
      if (known.every((run) => run === undefined)) return generations;
      // Positions that were lost at this instant before may be followed by others.
      const isClosing = (run: Run): boolean => isEmpty(run) && run.reason !== "source-expired";
      if (known.some((run) => run !== undefined && isClosing(run) && !run.isSuperseded)) {
        work.isEmptyPlanned = true;
        return undefined;
      }
      for (const [index, run] of known.entries()) if (run !== undefined) generations[index]! += 1;
    }
  }

  /**
   * Applies what was committed; returns whether more is owed. A decision to wait for runs to end is made again if
   * one has ended since: nobody waited for that end when it was reported.
   */
  #accept({ work, cached, decision, ends, commit }: Step): boolean {
    const { cache, emitter, signals, onDecided } = this.#parts;
    const { schedule } = cached;
    cache.advance(cached, commit);
    for (const run of commit.runs) {
      work.runs.push(run);
      if (run.state === "PLANNED") cached.openRuns += 1;
    }
    if (work.reads === "all") work.reads = "due";
    // It was of the watermark before.
    work.look = undefined;
    if (snapshotIn(decision) !== undefined) {
      cached.awaitsSnapshot = true;
      work.snapshot = undefined;
    }
    if (commit.runs.length > 0) emitter.emit("runs-planned", commit.runs);
    onDecided(work, cached, decision);
    if (commit.offsets !== undefined && isWorthJudging(schedule, cached))
      signals.emit("deadlines-changed", [work.groupId]);
    if (decision.cancelsActive) {
      signals.emit("cancel-requested", { groupIds: [work.groupId], reason: "overlap-cancelled" });
    }
    const hasMissedEnd = decision.waits && cached.ends > ends;
    return (decision.hasMore || hasMissedEnd) && work.cause !== "while-paused";
  }

  /**
   * Prepares another attempt: another planner was faster, or the schedule or one of the runs to be covered
   * was changed, so they are read again. Or a run has the id of an earlier one; or the group was sealed since a person has
   * asked for a snapshot, which is given up.
   */
  async #conflict({ work, commit }: Step): Promise<boolean> {
    const { cache, store } = this.#parts;
    cache.forget(work.groupId);
    if (commit.seal !== undefined) {
      const [seal] = await store.getSeals([work.groupId]);
      if (!isSealAsRead(seal, commit)) work.snapshot = undefined;
    }
    work.conflicts += 1;
    work.refusedAt = commit.watermark;
    if (work.conflicts <= MAX_CONFLICTS) return true;
    throw new StoreError("STORE_FAILED", `The watermark of group ${work.groupId} cannot be moved.`);
  }

  /** Records that one group failed, without affecting the others. */
  async #fail(work: PlanWork, thrown: unknown, schedule: Schedule | undefined): Promise<void> {
    const { cache, failing } = this.#parts;
    cache.forget(work.groupId);
    work.error = asError(thrown);
    work.outcome = "failed";
    work.nextFireAt = await failing.add(
      work.groupId,
      work.error,
      // The reason of a paused schedule is a person's note.
      work.cause === "while-paused" ? undefined : schedule,
    );
  }
}

/** Returns the step of a decision. @param generations - those of its runs. @default 0 */
function stepOf(decided: Decided, namespace: string, generations?: readonly number[]): Step {
  const { work, cached, schedule, decision, plannedAt, ends } = decided;
  const commit = commitOf(schedule, decision, {
    namespace,
    plannedAt,
    generations,
    supersedes: decision.supersedes,
    whilePaused: work.cause === "while-paused",
    seal: work.seal,
  });
  return { work, cached, schedule, decision, plannedAt, ends, commit };
}

/** Returns the snapshot that a decision plans. */
function snapshotIn({ runs }: OffsetDecision): RunSnapshot | undefined {
  for (const { snapshot } of runs) if (snapshot !== undefined) return snapshot;
  return undefined;
}

/** Returns whether a source was looked at for this state of its schedule: positions move with the watermark. */
function isLookOf(
  { look }: PlanWork,
  { version, watermark, incarnation }: Schedule,
  isForSnapshot: boolean,
): boolean {
  return (
    look?.isForSnapshot === isForSnapshot &&
    look.of.version === version &&
    look.of.watermark === watermark &&
    look.of.incarnation === incarnation
  );
}

/** Returns whether a look at a source tells of positions that may soon be gone or no longer are, or of data after none came. */
function isWorthJudging(
  before: Schedule,
  { schedule: { offsets, spec, watermark }, grid }: CachedSchedule,
): boolean {
  const [was, is] = [before.offsets?.dataAt, offsets?.dataAt];
  const hasMoved = spec.expectData != null && is !== undefined && is !== was;
  if (hasMoved && is >= (was ?? Number.NEGATIVE_INFINITY) + spec.expectData.withinMs) return true;
  return isExpiring(before.offsets, grid, before.watermark) || isExpiring(offsets, grid, watermark);
}
