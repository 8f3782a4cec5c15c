import type { ClockTimer, EpochMs } from "../clock/clock.js";
import type { FleetClock } from "../clock/fleet-clock.js";
import { Waits } from "../clock/waits.js";
import { messageOf, StoreError } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { CancelRequest, SignalEmitter } from "../events/signals.js";
import { boundedLog } from "../job/job-log.js";
import { LateReporter } from "../late/late-reporter.js";
import type { ScheduleOperator, SubmittedJob } from "../operator/operator.js";
import { isOfStore } from "../planning/isolated.js";
import type { SpecCache } from "../planning/spec-cache.js";
import { attemptOrdinal } from "../run/attempts.js";
import type { Run, RunReason } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { PlanCommit } from "../store/run-ledger.js";
import type { ClaimedRun, ClaimRequest, RunChange } from "../store/run-queue.js";
import type { EndEffect } from "../store/run-shortcuts.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Attempt } from "./attempt.js";
import { ChangeBatch } from "./change-batch.js";
import { ofEndedReadings } from "./ended-readings.js";
import { hasLaterCopy, mayOverwriteLater } from "./later-copy.js";
import { Leases } from "./leases.js";
import { LogKeeper } from "./log-keeper.js";
import { PlannedClaims } from "./planned-claims.js";
import { RunCancel } from "./run-cancel.js";
import { RunNews } from "./run-news.js";
import { isSharded, ShardedOperator } from "./sharded-operator.js";
import type { SourceCheck } from "./source-check.js";

/** Settings of a dispatcher. */
export interface DispatcherOptions {
  /** Most runs that this manager has active at once. @default 256 */
  readonly maxConcurrentRuns?: number;
  /** How long a silent manager keeps a run, ms. @default 30,000 */
  readonly leaseMs?: number;
  /** How often to check a shared store for runs that another process planned or wants cancelled, ms. @default 1,000 */
  readonly pollMs?: number;
  /** How long `stop` waits for active runs, ms; the rest is picked up at the next start. @default 5,000 */
  readonly drainMs?: number;
}

/** Dependencies of `Dispatcher`. */
export interface DispatcherParts {
  readonly store: ScheduleStore;
  readonly clock: FleetClock;
  readonly emitter: TidegateEmitter;
  readonly signals: SignalEmitter;
  /** By lower-case type. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly specs: SpecCache;
  readonly sources: SourceCheck;
  /** Name of this manager, unique among those that share the store. */
  readonly owner: string;
  readonly options: DispatcherOptions;
  /** Called with the time at which the next gated run is due, epoch ms; `undefined` if none is gated. */
  readonly onNextLook: (at: EpochMs | undefined) => void;
  /**
   * Called when there is room for runs that are planned now.
   *
   * @param share - how many may be planned although runs in the store are claimed before them
   */
  readonly onRoom: (share: number) => void;
}

const CLAIM_BATCH = 1_000;

/**
 * How many runs of the store are ready, as far as a manager knows: none; a few that have become ready since a claim took
 * all there were; or more than there was room for.
 */
type Ready = "none" | "few" | "many";

/** If this share of its places is free, a manager has room for the few that are ready and for what it plans. */
const AMPLE_SHARE = 0.25;

/** A manager that has taken more than this share of its places is busy. */
const BUSY_SHARE = 1 / 16;

/** How often a report of late data is tried if the store works and refuses it. */
const REPORT_TRIES = 3;

/**
 * Claims runs whose gates are open, leases them, executes them and records each step.
 *
 * A kill at any point loses nothing: before the claim the run is planned; between claim and submission it is
 * SUBMITTING, and `find` reports that there is no job; after it, `find` or the recorded job id leads to the
 * job.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #maxConcurrentRuns: number;
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #drainMs: number;
  /** Types of this manager's operators: runs of others are left to managers that have them. */
  readonly #operators: readonly string[];
  readonly #changes: ChangeBatch;
  readonly #specs: SpecCache;
  readonly #leases: Leases;
  readonly #plannedClaims: PlannedClaims;
  readonly #news: RunNews;
  readonly #waits: Waits;
  readonly #cancel: RunCancel;
  readonly #late: LateReporter;
  readonly #logs: LogKeeper;
  #isRunning = false;
  /**
   * Time up to which the store may have lost records, epoch ms, through a restored backup, a damaged log or a
   * fail-over, which the store need not know about. A run that was due by then may have been submitted by a
   * manager whose record is gone.
   */
  #lostUntil: EpochMs = 0;
  /** The claiming in progress. */
  #pumping: Promise<void> | undefined;
  #isWokenAgain = false;
  #ready: Ready = "many";
  /** How many runs are kept room for that the claim in progress may return. */
  #claiming = 0;
  /** Whether there is more room than when the claiming in progress looked last. */
  #hasMoreRoom = false;
  /** Whether this manager had no room for all that could be claimed when it looked last. */
  #isSaturated = false;
  /** How many groups may be planned while runs wait to be claimed; the fraction is left for the next. */
  #share = 0;
  #wakeTimer: ClockTimer | undefined;
  #onIdle: (() => void) | undefined;
  readonly #onClaimable = (): void => this.wake();
  readonly #onCancel = (request: CancelRequest): void => {
    this.#cancel.cancelLanes(request).catch((error: unknown) => this.#news.trouble(error));
  };

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#maxConcurrentRuns = parts.options.maxConcurrentRuns ?? 256;
    this.#leaseMs = parts.options.leaseMs ?? 30_000;
    this.#pollMs = parts.options.pollMs ?? 1_000;
    this.#drainMs = parts.options.drainMs ?? 5_000;
    this.#operators = [...parts.operators.keys()];
    this.#changes = new ChangeBatch(parts.store);
    this.#specs = parts.specs;
    this.#news = new RunNews(parts.emitter, parts.signals);
    this.#waits = new Waits(parts.clock);
    this.#cancel = new RunCancel({
      store: parts.store,
      clock: parts.clock,
      operators: parts.operators,
      specs: parts.specs,
      change: (run, change) => this.change(run, change),
      cancelActive: (id, reason) => this.cancelActive(id, reason),
      reportLate: (run, touched) => this.#late.report(run, touched),
      onTrouble: (error, run) => this.#news.trouble(error, run),
    });
    this.#late = new LateReporter({ ...parts, onTrouble: (error, run) => this.#news.trouble(error, run) });
    this.#logs = new LogKeeper({ store: parts.store, onTrouble: (error) => this.#news.trouble(error) });
    this.#leases = new Leases({
      store: parts.store,
      clock: parts.clock,
      leaseMs: this.#leaseMs,
      pollMs: this.#pollMs,
      onTrouble: (error) => this.#storeTrouble(error),
    });
    this.#plannedClaims = new PlannedClaims({
      store: parts.store,
      room: () => this.room,
      requestOf: (limit) => this.#requestOf(limit),
      launch: (claimed) => this.#launchPlanned(claimed),
      onRoom: () => this.#madeRoom(),
    });
  }

  start(): void {
    this.#isRunning = true;
    this.#lostUntil = this.#parts.clock.now();
    this.#parts.signals.on("runs-claimable", this.#onClaimable);
    this.#parts.signals.on("cancel-requested", this.#onCancel);
    this.wake();
  }

  /** Waits for active runs, up to the drain time; the rest is left to the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#parts.signals.off("runs-claimable", this.#onClaimable);
    this.#parts.signals.off("cancel-requested", this.#onCancel);
    this.#wakeTimer?.cancel();
    await this.#pumping;
    await this.#plannedClaims.settled();
    if (this.#leases.size > 0) await this.#drain();
    await this.#leases.release();
    await this.#logs.settled();
    this.#waits.wake();
  }

  /** Whether more runs are ready than this manager carries out: then each that is planned ahead only makes it slower. */
  get isSaturated(): boolean {
    return this.#isSaturated;
  }

  /** Whether this manager carries out so much at once that it may fall behind. */
  get isBusy(): boolean {
    return this.#taken() > this.#maxConcurrentRuns * BUSY_SHARE;
  }

  /** How many runs could be carried out at once if they were planned now: none while others wait to be claimed. */
  get room(): number {
    if (!this.#isRunning || this.#ready === "many") return 0;
    const room = this.#room();
    // Those few are claimed in a moment as well, so it does not matter who is first.
    return this.#ready === "none" || room >= this.#maxConcurrentRuns * AMPLE_SHARE ? room : 0;
  }

  /** Checks for claimable runs now. */
  wake(): void {
    if (!this.#isRunning) return;
    this.#noteReady();
    this.#pumping ??= this.#pump();
  }

  /** Cancels a run that this manager has active; returns `false` if it does not. */
  cancelActive(id: string, reason: RunReason): boolean {
    const attempt = this.#leases.get(id);
    attempt?.cancel(reason);
    return attempt !== undefined;
  }

  /** Plans, and carries out at once those of the runs that have nothing before them; see `RunLedger.plan`. */
  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    // The claim in progress may find that nothing is left before these.
    const mayClaim = this.#parts.store.planAndClaim !== undefined && this.#room() + this.#claiming > 0;
    if (mayClaim && this.room === 0) await this.#pumping;
    return this.#plannedClaims.plan(commits);
  }

  /** Makes a change of a run durable and reports it. Returns `false` if the run is not as expected. */
  async change(run: Run, change: RunChange): Promise<boolean> {
    return this.#changed(run, change, await this.#changes.add(run, change));
  }

  /** Reports a change that was made; returns `false` if it was refused. */
  #changed(run: Run, change: RunChange, effect: EndEffect | undefined): boolean {
    if (effect === undefined) return false;
    if (effect.mayAdmit && change.state !== "RUNNING") this.#noteReady();
    this.#news.changed(run, change, effect.group);
    return true;
  }

  /** Claims until there is no room or nothing left, then determines when to check again. */
  async #pump(): Promise<void> {
    let next: EpochMs | undefined;
    try {
      // Runs that are planned or end in one turn of the event loop share one claim.
      await null;
      do {
        this.#isWokenAgain = false;
        this.#isSaturated = this.#room() === 0;
        for (let room = this.#roomToClaim(); room > 0 && this.#isRunning; room = this.#roomToClaim()) {
          this.#claiming = room;
          await this.#leases.catchUp();
          const claimed = await this.#claim(room);
          // Each look hashes the run's id, so a run that is known is looked up once.
          const specs = claimed.map(({ run }) => this.#specs.peek(run));
          const unknown = claimed.filter((_, index) => specs[index] === undefined);
          if (unknown.length > 0) await this.#specs.load(new Set(unknown.map(({ run }) => run.groupId)));
          const runs = claimed.map(({ run }) => run);
          const ended = await ofEndedReadings(this.#parts.store, runs);
          for (const [index, claim] of claimed.entries()) {
            this.#launch(claim, specs[index], ended.has(claim.run.id));
          }
          this.#claiming = 0;
          this.#isSaturated = claimed.length === room;
          if (claimed.length === room) this.#ready = "many";
          else this.#ready = this.#isWokenAgain ? "few" : "none";
          if (claimed.length === room) this.#shareRoom(room);
          if (claimed.length < room) break;
        }
      } while (this.#isWokenAgain && this.#isRunning);
      const scope = { operators: this.#operators, now: this.#parts.clock.now() };
      const { claimAt, lookAt } = await this.#parts.store.nextWake(scope);
      next = claimAt;
      this.#parts.onNextLook(lookAt);
    } catch (error) {
      this.#storeTrouble(error);
      this.#claiming = 0;
      this.#ready = "many";
      next = this.#parts.clock.now() + this.#pollMs;
    }
    this.#pumping = undefined;
    this.#leases.keep();
    if (this.#isWokenAgain || (this.#hasMoreRoom && this.#ready !== "none")) this.wake();
    else this.#sleepUntil(next);
    if (this.room > 0) this.#parts.onRoom(0);
  }

  /**
   * Lets groups that wait for room be planned although the store has runs that are ready: half as many as were claimed,
   * so that this manager comes to the end of those.
   */
  #shareRoom(claims: number): void {
    this.#share = (this.#share % 1) + claims / 2;
    this.#parts.onRoom(Math.floor(this.#share));
  }

  /**
   * There is room: first for what is in the store. A claim in progress either takes all that there is room for or finds
   * that nothing is left, so it is not repeated for that.
   */
  #madeRoom(): void {
    if (this.room > 0) this.#parts.onRoom(0);
    if (this.#pumping !== undefined) this.#hasMoreRoom = true;
    else if (this.#ready !== "none") this.wake();
  }

  /** A run may have become ready since the last claim. */
  #noteReady(): void {
    if (this.#ready === "none") this.#ready = "few";
    if (this.#pumping !== undefined) this.#isWokenAgain = true;
  }

  /** A store that was unavailable may come back as a replica that lacks the latest writes. */
  #storeTrouble(error: unknown, run?: Run): void {
    this.#news.trouble(error, run);
    this.#lostUntil = this.#parts.clock.now();
  }

  /**
   * Returns whether a run that was never claimed may have a job all the same. A ledger that began since
   * cannot have lost any.
   */
  #mayHaveLost(run: Run): boolean {
    const begunAt = this.#specs.begunAt(run) ?? Number.NEGATIVE_INFINITY;
    return run.scheduledTime <= this.#lostUntil && begunAt < this.#lostUntil;
  }

  #taken(): number {
    return this.#leases.size + this.#plannedClaims.reserved + this.#claiming;
  }

  #room(): number {
    return Math.max(0, Math.min(CLAIM_BATCH, this.#maxConcurrentRuns - this.#taken()));
  }

  /** Returns the room for the next claim: a few runs leave half of it to what is planned meanwhile. */
  #roomToClaim(): number {
    this.#hasMoreRoom = false;
    const isShared = this.#ready === "few" && this.#parts.store.planAndClaim !== undefined;
    return isShared ? Math.ceil(this.#room() / 2) : this.#room();
  }

  #claim(limit: number): Promise<ClaimedRun[]> {
    return this.#parts.store.claim(this.#requestOf(limit));
  }

  #requestOf(limit: number): ClaimRequest {
    const now = this.#parts.clock.now();
    const leaseUntil = now + this.#leaseMs;
    return { owner: this.#parts.owner, operators: this.#operators, now, leaseUntil, limit };
  }

  /**
   * Sleeps until the next run may be claimed; at most until the next poll if other processes plan as well. Without
   * room, the end of a run is the time to look again.
   */
  #sleepUntil(next: EpochMs | undefined): void {
    this.#wakeTimer?.cancel();
    if (!this.#isRunning) return;
    if (this.#room() === 0) this.#ready = "many";
    const now = this.#parts.clock.now();
    const poll = this.#parts.store.isShared ? now + this.#pollMs : Number.POSITIVE_INFINITY;
    const at = this.#room() > 0 ? Math.min(Math.max(now + 1, next ?? poll), poll) : poll;
    if (at < Number.POSITIVE_INFINITY) this.#wakeTimer = this.#parts.clock.wakeAt(at, () => this.wake());
  }

  #launch(claimed: ClaimedRun, known: ScheduleSpec | undefined, isRebased: boolean): void {
    const { token, isRecovered } = claimed;
    const run: Run = isRebased
      ? { ...claimed.run, isCancelRequested: true, reason: "source-rebased" }
      : claimed.run;
    if (this.#leases.adopt(claimed)) {
      if (isRebased) this.cancelActive(run.id, "source-rebased");
      return;
    }
    void this.#carryOut(run, token, isRecovered, known);
  }

  #launchPlanned(claimed: readonly ClaimedRun[]): void {
    for (const claim of claimed) {
      const { groupId, scheduleVersion } = claim.run;
      this.#launch(claim, this.#specs.peekVersion(groupId, scheduleVersion), false);
    }
    this.#leases.keep();
  }

  async #carryOut(
    run: Run,
    token: number,
    isRecovered: boolean,
    known: ScheduleSpec | undefined,
  ): Promise<void> {
    try {
      const spec = known ?? this.#specs.peek(run) ?? (await this.#specs.get(run));
      const operator = this.#parts.operators.get(run.operator);
      if (spec === undefined || operator === undefined) return await this.#refuse(run, token);
      const { store, clock, operators } = this.#parts;
      const onTrouble = (error: unknown): void => this.#news.trouble(error, run);
      const secure = (): true | Promise<boolean> => this.#leases.secure(attempt);
      const checkSource =
        run.offsets === null
          ? undefined
          : (part: Run = run): Promise<void> | undefined => this.#parts.sources.check(part, spec);
      const isOutdated = mayOverwriteLater(run, spec, operator)
        ? () => hasLaterCopy(store, this.#specs, run)
        : undefined;
      const sharded = isSharded({ operator, run, spec })
        ? new ShardedOperator({
            store,
            clock,
            operator,
            operators,
            specs: this.#specs,
            run,
            spec,
            token: () => attempt.token,
            secure,
            checkSource,
            isOutdated,
            onTrouble,
          })
        : undefined;
      const attempt: Attempt = new Attempt(run, token, {
        clock,
        operator: sharded ?? operator,
        spec,
        isSubmitting: sharded && (() => sharded.isSubmitting),
        secure,
        change: (change) => this.#insist(attempt, change),
        checkSource,
        clearWay: this.#clearWayOf(run, sharded),
        isOutdated,
        onTrouble,
      });
      this.#leases.add(attempt);
      try {
        if (run.isCancelRequested) attempt.cancel(run.reason ?? "cancelled");
        if (!isRecovered) this.#news.claimed(run);
        const mayHaveJob = isRecovered || run.attempt > 1 || run.history.length > 0 || this.#mayHaveLost(run);
        const end = await attempt.carryOut(mayHaveJob);
        if (end === undefined) return;
        if (attempt.touched.length > 0) await this.#reportLate(attempt);
        this.#ended(attempt, end, await this.#insist(attempt, end));
      } finally {
        sharded?.abandon();
        this.#leases.remove(attempt);
        if (this.#leases.size === 0) this.#onIdle?.();
        this.#madeRoom();
      }
    } catch (error) {
      this.#news.trouble(error, run);
    }
  }

  /** See `AttemptParts.clearWay`. */
  #clearWayOf(
    run: Run,
    sharded: ShardedOperator | undefined,
  ): (() => Promise<SubmittedJob | undefined>) | undefined {
    const isAgain = sharded !== undefined && run.history.length > 0;
    if (!isAgain && !isRerun(run)) return undefined;
    return async () => {
      if (isAgain) await sharded.clearWay();
      return isRerun(run) ? this.#cancel.clearWay(run) : undefined;
    };
  }

  /**
   * Retries a change of a run that this manager holds for as long as the lease lasts. If the first write
   * succeeded but its answer was lost, the retry is refused; so read what is stored.
   */
  async #insist(attempt: Attempt, change: RunChange): Promise<boolean> {
    for (let isFirst = true; ; isFirst = false) {
      try {
        const { token } = attempt;
        const current = token === change.token ? change : { ...change, token };
        const effect = await this.#changes.add(attempt.run, current);
        if (this.#changed(attempt.run, current, effect)) return true;
        // Claimed again by this manager meanwhile, because the answer to its claim was late.
        if (token !== attempt.token) continue;
        if (isFirst) return false;
        const [run] = await this.#parts.store.getRuns([change.id]);
        const isMade = run?.state === change.state && run.endedAt === (change.endedAt ?? null);
        if (isMade) {
          this.#noteReady();
          this.#news.changed(attempt.run, change);
        }
        return isMade;
      } catch (error) {
        this.#storeTrouble(error, attempt.run);
        if (!(await this.#mayTryAgain(attempt))) return false;
      }
    }
  }

  /**
   * Retried for as long as the store as a whole fails and the lease lasts; whoever holds the run after that reports
   * it. A report that cannot be written for another reason is given up: the job has succeeded all the same.
   */
  async #reportLate(attempt: Attempt): Promise<void> {
    for (let refusals = 0; refusals < REPORT_TRIES; ) {
      try {
        return await this.#late.report(attempt.run, attempt.touched);
      } catch (error) {
        if (isOfStore(error)) this.#storeTrouble(error, attempt.run);
        else {
          refusals += 1;
          const message = `The late data that the job of run ${attempt.run.id} reports was not noted: ${messageOf(error)}`;
          this.#news.trouble(new StoreError("STORE_FAILED", message, { cause: error }), attempt.run);
        }
        if (refusals < REPORT_TRIES && !(await this.#mayTryAgain(attempt))) return;
      }
    }
  }

  /** Waits before the next try; returns `false` if the run is no longer this manager's by then. */
  async #mayTryAgain(attempt: Attempt): Promise<boolean> {
    await this.#waits.pause(this.#pollMs);
    if (attempt.isAbandoned) return false;
    if (this.#parts.clock.now() < attempt.leaseUntil) return true;
    attempt.abandon("lease-lost");
    return false;
  }

  /**
   * Follows up on the end of an attempt. If it was refused because its token is outdated, the run was claimed again, here
   * or elsewhere.
   */
  #ended(attempt: Attempt, end: RunChange, isRecorded: boolean): void {
    if (!isRecorded) {
      if (attempt.isAbandoned) return;
      this.#news.trouble(new Error("The run was taken over; its new owner records its end."), attempt.run);
      return;
    }
    this.#keepLog(attempt);
    if (end.state !== "FAILED" || end.isBlocking !== true) return;
    this.#parts.signals.emit("lane-blocked", attempt.run);
    if (attempt.spec.onFailure === "pause") this.#parts.signals.emit("pause-requested", attempt.run);
  }

  /** Once the end is durable, so that a log is never that of an attempt which another manager goes on with. */
  #keepLog({ run, log }: Attempt): void {
    if (log === undefined) return;
    this.#logs.keep({ runId: run.id, attempt: attemptOrdinal(run), ...boundedLog(log) });
  }

  /** A run whose specification is not in the store fails with a reason instead of waiting silently. */
  async #refuse(run: Run, token: number): Promise<void> {
    await this.change(run, {
      id: run.id,
      from: ["SUBMITTING", "RUNNING"],
      token,
      state: "FAILED",
      at: this.#parts.clock.now(),
      isBlocking: run.kind === "SCHEDULED",
      endedAt: this.#parts.clock.now(),
      error: {
        code: "SCHEDULE_NOT_FOUND",
        message: `Version ${run.scheduleVersion} of schedule ${run.groupId} is not in the store.`,
      },
    });
  }

  /** Reports a run that its gates have failed, and asks for a pause of its schedule if `onFailure` says so. */
  failedAtGates(run: Run, change: RunChange, { onFailure }: ScheduleSpec): void {
    this.#news.changed(run, change);
    if (change.isBlocking === true && onFailure === "pause") this.#parts.signals.emit("pause-requested", run);
  }

  /** See `RunCancel.stopPlanned`. */
  stopPlanned(groupId: string): Promise<void> {
    return this.#cancel.stopPlanned(groupId);
  }

  /** See `RunCancel.stopEnded`. */
  stopEnded(groupId: string): Promise<void> {
    return this.#cancel.stopEnded(groupId);
  }

  /** See `RunCancel.cancelReadings`. */
  async cancelReadings(groupId: string, epoch: number): Promise<void> {
    await this.#cancel.cancelReadings(groupId, epoch);
    this.wake();
  }

  /** Cancels a run in any state; see `RunCancel`. */
  cancel(run: Run, reason: RunReason): Promise<boolean> {
    return this.#cancel.cancel(run, reason);
  }

  async #drain(): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await this.#waits.within(this.#drainMs, idle);
  }
}

/** Returns whether other runs may have had a job for time that a run reads: a snapshot reads that of all runs before it. */
function isRerun({ kind, generation, snapshot }: Run): boolean {
  return kind !== "SCHEDULED" || generation > 0 || snapshot !== null;
}
