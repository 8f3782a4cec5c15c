import type { EpochMs } from "../clock/clock.js";
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
import type { ClaimedRun, RunChange } from "../store/run-queue.js";
import type { EndEffect } from "../store/run-shortcuts.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { Attempt } from "./attempt.js";
import { ChangeBatch } from "./change-batch.js";
import { ClaimLoop } from "./claim-loop.js";
import { isOwedIncrement, isWholeCopy, type LaterRuns, laterRuns } from "./later-copy.js";
import { Leases } from "./leases.js";
import { LogKeeper } from "./log-keeper.js";
import { timeOfMetJobs } from "./met-jobs.js";
import { RunCancel } from "./run-cancel.js";
import { RunNews } from "./run-news.js";
import { isSharded, ShardedOperator } from "./sharded-operator.js";
import type { SourceCheck } from "./source-check.js";
import { TargetTurns } from "./target-turns.js";

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
  readonly #leaseMs: number;
  readonly #pollMs: number;
  readonly #drainMs: number;
  readonly #changes: ChangeBatch;
  readonly #specs: SpecCache;
  readonly #leases: Leases;
  readonly #claims: ClaimLoop;
  readonly #news: RunNews;
  readonly #waits: Waits;
  readonly #turns: TargetTurns;
  readonly #cancel: RunCancel;
  readonly #late: LateReporter;
  readonly #logs: LogKeeper;
  /**
   * Time up to which the store may have lost records, epoch ms, through a restored backup, a damaged log or a
   * fail-over, which the store need not know about. A run that was due by then may have been submitted by a
   * manager whose record is gone.
   */
  #lostUntil: EpochMs = 0;
  #onIdle: (() => void) | undefined;
  /** Reads in progress that runs which were claimed need before their attempts hold the leases. */
  readonly #reading = new Set<Promise<unknown>>();
  readonly #onClaimable = (): void => this.wake();
  readonly #onCancel = (request: CancelRequest): void => {
    this.#cancel.cancelLanes(request).catch((error: unknown) => this.#news.trouble(error));
  };

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.#leaseMs = parts.options.leaseMs ?? 30_000;
    this.#pollMs = parts.options.pollMs ?? 1_000;
    this.#drainMs = parts.options.drainMs ?? 5_000;
    this.#changes = new ChangeBatch(parts.store);
    this.#specs = parts.specs;
    this.#news = new RunNews(parts.emitter, parts.signals);
    this.#waits = new Waits(parts.clock);
    this.#turns = new TargetTurns(parts);
    this.#cancel = new RunCancel({
      turns: this.#turns,
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
    this.#claims = new ClaimLoop({
      store: parts.store,
      clock: parts.clock,
      specs: parts.specs,
      leases: this.#leases,
      owner: parts.owner,
      operators: [...parts.operators.keys()],
      maxConcurrentRuns: parts.options.maxConcurrentRuns ?? 256,
      leaseMs: this.#leaseMs,
      pollMs: this.#pollMs,
      launch: (claimed, spec, isRebased) => this.#launch(claimed, spec, isRebased),
      onNextLook: parts.onNextLook,
      onRoom: parts.onRoom,
      onTrouble: (error) => this.#storeTrouble(error),
    });
  }

  start(): void {
    this.#lostUntil = this.#parts.clock.now();
    this.#parts.signals.on("runs-claimable", this.#onClaimable);
    this.#parts.signals.on("cancel-requested", this.#onCancel);
    this.#claims.start();
  }

  /** Waits for active runs, up to the drain time; the rest is left to the next start. */
  async stop(): Promise<void> {
    this.#parts.signals.off("runs-claimable", this.#onClaimable);
    this.#parts.signals.off("cancel-requested", this.#onCancel);
    await this.#claims.stop();
    // An attempt that began after the leases were given back would submit what their next holder submits.
    while (this.#reading.size > 0) await Promise.allSettled(this.#reading);
    if (this.#leases.size > 0) await this.#drain();
    await this.#leases.release();
    await this.#logs.settled();
    this.#waits.wake();
  }

  /** See `ClaimLoop.isSaturated`. */
  get isSaturated(): boolean {
    return this.#claims.isSaturated;
  }

  /** See `ClaimLoop.isBusy`. */
  get isBusy(): boolean {
    return this.#claims.isBusy;
  }

  /** See `ClaimLoop.room`. */
  get room(): number {
    return this.#claims.room;
  }

  /** Checks for claimable runs now. */
  wake(): void {
    this.#claims.wake();
  }

  /** Cancels a run that this manager has active; returns `false` if it does not. */
  cancelActive(id: string, reason: RunReason): boolean {
    const attempt = this.#leases.get(id);
    attempt?.cancel(reason);
    return attempt !== undefined;
  }

  /** See `ClaimLoop.plan`. */
  plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    return this.#claims.plan(commits);
  }

  /** Makes a change of a run durable and reports it. Returns `false` if the run is not as expected. */
  async change(run: Run, change: RunChange): Promise<boolean> {
    return this.#changed(run, change, await this.#changes.add(run, change));
  }

  /** Reports a change that was made; returns `false` if it was refused. */
  #changed(run: Run, change: RunChange, effect: EndEffect | undefined): boolean {
    if (effect === undefined) return false;
    if (effect.mayAdmit && change.state !== "RUNNING") this.#claims.noteReady();
    this.#news.changed(run, change, effect.group);
    return true;
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

  async #carryOut(
    run: Run,
    token: number,
    isRecovered: boolean,
    known: ScheduleSpec | undefined,
  ): Promise<void> {
    try {
      const spec = known ?? this.#specs.peek(run) ?? (await this.#read(this.#specs.get(run)));
      const operator = this.#parts.operators.get(run.operator);
      if (spec === undefined || operator === undefined) return await this.#refuse(run, token);
      const { store, clock, operators } = this.#parts;
      const onTrouble = (error: unknown): void => this.#news.trouble(error, run);
      const secure = (): true | Promise<boolean> => this.#leases.secure(attempt);
      const checkSource =
        run.offsets === null
          ? undefined
          : (part: Run = run): Promise<void> | undefined => this.#parts.sources.check(part, spec);
      const met = this.#turns.mayMeetCopies(run, spec);
      const meetsCopies = met instanceof Promise ? await this.#read(met) : met;
      const findLater = this.#findLaterOf(run, spec, operator, meetsCopies);
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
            findLater,
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
        clearWay: this.#clearWayOf(run, spec, sharded, meetsCopies),
        findTurn: meetsCopies ? () => this.#turns.find(run, spec) : undefined,
        findLater,
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
        this.#claims.madeRoom();
      }
    } catch (error) {
      this.#news.trouble(error, run);
    }
  }

  #read<T>(reading: Promise<T>): Promise<T> {
    const forget = (): boolean => this.#reading.delete(reading);
    this.#reading.add(reading);
    reading.then(forget, forget);
    return reading;
  }

  /** See `AttemptParts.findLater`. */
  #findLaterOf(
    run: Run,
    spec: ScheduleSpec,
    operator: ScheduleOperator,
    meetsCopies: boolean,
  ): (() => Promise<LaterRuns | undefined>) | undefined {
    const find = (): Promise<LaterRuns | undefined> => laterRuns(this.#parts.store, this.#specs, run);
    if (isWholeCopy(run, spec, operator)) return find;
    if (!meetsCopies || !isOwedIncrement(run, spec)) return undefined;
    return async () => ((await find()) === "copy" ? "copy" : undefined);
  }

  /** See `AttemptParts.clearWay`. */
  #clearWayOf(
    run: Run,
    spec: ScheduleSpec,
    sharded: ShardedOperator | undefined,
    meetsCopies: boolean,
  ): (() => Promise<SubmittedJob | undefined>) | undefined {
    const isAgain = sharded !== undefined && run.history.length > 0;
    const isMet = meetsCopies || timeOfMetJobs(run, spec) !== undefined;
    if (!isAgain && !isMet) return undefined;
    return async () => {
      if (isAgain) await sharded.clearWay();
      return isMet ? this.#cancel.clearWay(run, spec, meetsCopies) : undefined;
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
          this.#claims.noteReady();
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
