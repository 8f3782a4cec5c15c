import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { isTidegateError, LedgerError, messageOf, OperatorError } from "../errors/errors.js";
import type { JobLog } from "../job/job-log.js";
import type { JobOutcome, RetryAdvice, TouchedTime } from "../job/job-outcome.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { JobContext, ScheduleOperator, SubmittedJob, VerifyContext } from "../operator/operator.js";
import type { Run, RunError, RunReason } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { RunChange } from "../store/run-queue.js";
import { AttemptContext } from "./attempt-context.js";
import { backoffMs, type EndedAttempt, endAttempt, endedSnapshot } from "./attempt-result.js";
import { Cancellation } from "./cancellation.js";
import { isRefusal, JobStop, PAUSES } from "./job-stop.js";
import type { LaterRuns } from "./later-copy.js";
import { boundedError, checkedCounts, checkedJob, checkedOutcome, InvalidAnswer } from "./operator-answer.js";
import { jobRequest } from "./request.js";
import { endUnread, heldBack, NotReadable } from "./source-check.js";
import type { TurnWait } from "./target-turns.js";
import { MISMATCH, withCounts } from "./verified.js";

/** Reason why an attempt is given up before its job ends: another manager has the run, or this one stops. */
type Abandonment = "lease-lost" | "stopping";

/**
 * How long a timed-out attempt tries to stop its job before it ends without knowing whether it stopped, ms.
 */
const STOP_PATIENCE_MS = 60_000;

/** Dependencies of `Attempt`. */
export interface AttemptParts {
  readonly clock: Clock;
  readonly operator: ScheduleOperator;
  readonly spec: ScheduleSpec;
  /** The request of the attempt. @default that of the run */
  readonly request?: OfflineJobRequest;
  /** Returns whether the operator is submitting a job that `find` would not see yet, besides the attempt's own. */
  readonly isSubmitting?: (() => boolean) | undefined;
  /**
   * Returns whether the run stays this manager's for long enough to submit a job, which may take a renewal of its
   * lease. Repeated until it does, or the attempt is abandoned.
   *
   * @throws if the lease cannot be renewed now
   */
  readonly secure: () => true | Promise<boolean>;
  /** Makes a change of the run durable; returns `false` if the fencing token is outdated. */
  readonly change: (change: RunChange) => Promise<boolean>;
  /**
   * Ensures that no job of another, ended run is still working on the interval. Returns one that has done it
   * already, whose success the run takes over.
   *
   * @throws if that is not certain yet; it is retried before anything is submitted
   */
  readonly clearWay?: (() => Promise<SubmittedJob | undefined>) | undefined;
  /**
   * Compares the run with its source before its job is submitted.
   *
   * @throws NotReadable if it must not be
   * @default the run has no positions
   */
  readonly checkSource?: (() => Promise<void> | undefined) | undefined;
  /**
   * Finds how the run waits for one that is at work, beside which its job is not submitted. Repeated until it answers.
   *
   * @default it may begin
   */
  readonly findTurn?: (() => Promise<TurnWait | undefined>) | undefined;
  /**
   * Finds later runs whose rows the job would replace by older ones, or remove: nothing is submitted then. If one has copied
   * everything, the run succeeds; otherwise it fails. Repeated until it answers.
   *
   * @default there are none
   */
  readonly findLater?: (() => Promise<LaterRuns | undefined>) | undefined;
  /** Called when a job could not be stopped; this is retried. */
  readonly onTrouble: (error: unknown) => void;
}

/** The change that ends an attempt, or `undefined` if it was abandoned. */
export type AttemptEnd = RunChange | undefined;

/** Outcome of an attempt's job, and whether a job of the run may still be working. */
interface Result {
  readonly outcome: JobOutcome;
  readonly isJobOpen: boolean;
  /** Why there was nothing to submit, instead of an outcome. */
  readonly unread?: NotReadable;
  /** How it waits for another run of its group, instead of an outcome. */
  readonly wait?: Exclude<TurnWait, "soon">;
  /** Why it has succeeded without a job. */
  readonly reason?: RunReason;
}

/**
 * One attempt of a claimed run: submits the job or finds it again, waits for its end, and judges it.
 *
 * A cancelled attempt ends only when its job is known to have stopped or never to have begun; until then the
 * run stays active. A timed-out one tries that for a minute and then fails with its job open: the next
 * attempt has the same key, and searches for the job before it submits one.
 */
export class Attempt {
  /** The run as claimed, and later as the attempt has changed it. */
  run: Run;
  /** Replaced by a later one if this manager claims its own run again. */
  token: number;
  /** End of this manager's lease on the run unless renewed, epoch ms. */
  leaseUntil: EpochMs;
  readonly #parts: AttemptParts;
  readonly #request: OfflineJobRequest;
  readonly #abort = new Cancellation();
  readonly #context: JobContext;
  /** Made when the job has to be stopped: most jobs end by themselves. */
  #stop: JobStop | undefined;
  readonly #waits: Waits;
  #job: SubmittedJob | undefined;
  #submission: Promise<SubmittedJob> | undefined;
  #isSubmitting = false;
  #startedAt: EpochMs | null;
  #cancelReason: RunReason | null = null;
  #touched: readonly TouchedTime[] = [];
  #log: JobLog | undefined;
  #abandonment: Abandonment | undefined;
  /** When the attempt timed out, in elapsed time, ms. */
  #timedOutAt: number | undefined;

  constructor(run: Run, token: number, parts: AttemptParts) {
    this.run = run;
    this.token = token;
    this.leaseUntil = run.leaseUntil ?? 0;
    this.#parts = parts;
    this.#request = parts.request ?? jobRequest(run, parts.spec);
    this.#context = new AttemptContext(this.#abort, parts.spec.dirtyData);
    this.#startedAt = run.startedAt;
    this.#waits = new Waits(parts.clock);
  }

  get isAbandoned(): boolean {
    return this.#abandonment !== undefined;
  }

  /** Whether a `submit` is in progress: `find` would not see its job yet. */
  get isSubmitting(): boolean {
    return this.#isSubmitting || this.#parts.isSubmitting?.() === true;
  }

  /** The time that the rows of its job fell in, once it has succeeded. */
  get touched(): readonly TouchedTime[] {
    return this.#touched;
  }

  /** The log of its job, once that has ended; `undefined` if it has logged nothing. */
  get log(): JobLog | undefined {
    return this.#log;
  }

  get spec(): ScheduleSpec {
    return this.#parts.spec;
  }

  /** Asks the job to stop; the run ends as cancelled, or as the job ended if that came first. */
  cancel(reason: RunReason): void {
    this.#cancelReason ??= reason;
    this.#abort.cancel(new OperatorError("JOB_CANCELLED", "The run was cancelled."));
    this.#waits.wake();
  }

  /** Stops working on the run and leaves it to whoever claims it next. */
  abandon(why: Abandonment): void {
    this.#abandonment ??= why;
    this.#abort.cancel(new OperatorError("JOB_CANCELLED", `The attempt was abandoned: ${why}.`));
    this.#stop?.wake();
    this.#waits.wake();
  }

  /**
   * @param mayHaveJob - whether a job of this run may exist already, so that `find` is called before `submit`
   */
  async carryOut(mayHaveJob: boolean): Promise<AttemptEnd> {
    const timer = this.#startTimer();
    try {
      const result = await this.#result(mayHaveJob);
      return this.isAbandoned || result === undefined ? undefined : this.#end(result);
    } finally {
      timer?.cancel();
    }
  }

  /**
   * Limits elapsed time, however the clock is set meanwhile. For a recovered run, the part before its
   * recovery is known only as the difference of two instants.
   */
  #startTimer(): ClockTimer | undefined {
    const { clock, spec } = this.#parts;
    const { timeoutMs } = spec;
    if (timeoutMs === null) return undefined;
    const before = Math.max(0, clock.now() - (this.run.submittedAt ?? clock.now()));
    return clock.wakeAfter(Math.max(0, timeoutMs - before), () => {
      this.#timedOutAt = clock.monotonicNow();
      this.#abort.cancel(new OperatorError("JOB_TIMED_OUT", `The job took longer than ${timeoutMs} ms.`));
    });
  }

  async #result(mayHaveJob: boolean): Promise<Result | undefined> {
    try {
      const { clearWay } = this.#parts;
      const done = clearWay && (await this.#insist(clearWay));
      const known = done ?? (mayHaveJob ? await this.#find() : undefined);
      if (known === undefined) return await this.#submitted(mayHaveJob);
      const isOfOthers = known === done || wasCounted(this.run, known);
      const outcome = await this.#outcomeOf(known);
      if (isOfOthers && outcome?.error?.code === MISMATCH) return await this.#submitted(mayHaveJob);
      return outcome && this.#ended(outcome);
    } catch (error) {
      if (this.isAbandoned) return undefined;
      if (this.#abort.isCancelled) return this.#stopJob(mayHaveJob);
      if (error instanceof NotReadable) return this.#unread(error, mayHaveJob);
      return this.#failure(error);
    }
  }

  /** Returns the result of a new job, or why there is none. */
  async #submitted(mayHaveJob: boolean): Promise<Result | undefined> {
    const wait = await this.#turn();
    if (wait !== undefined) return this.#heldBack(wait, mayHaveJob);
    const { findLater } = this.#parts;
    const later = findLater && (await this.#insist(findLater));
    if (later !== undefined) return this.#yielded(later, mayHaveJob);
    const outcome = await this.#outcomeOf(await this.#submit());
    return outcome && this.#ended(outcome);
  }

  /** Returns how the run waits for its turn at the target. One that may step back soon is waited for here. */
  async #turn(): Promise<Exclude<TurnWait, "soon"> | undefined> {
    const { findTurn } = this.#parts;
    if (findTurn === undefined) return undefined;
    for (let round = 1; ; round += 1) {
      const wait = await this.#insist(findTurn);
      if (wait !== "soon") return wait;
      await this.#waits.pause(backoffMs(PAUSES, round));
      this.#abort.throwIfCancelled();
    }
  }

  /** Returns how a job ends, with its rows verified, or `undefined` if the attempt was abandoned. */
  async #outcomeOf(job: SubmittedJob): Promise<JobOutcome | undefined> {
    this.#job = job;
    if (job.outcome === undefined && !(await this.#recordRunning())) return undefined;
    const outcome = job.outcome ?? (await this.#wait(job.jobId));
    this.#log = outcome.log ?? this.#log;
    const { verify } = this.#parts.spec;
    return verify == null || outcome.state !== "SUCCEEDED" ? outcome : this.#verified(outcome, verify);
  }

  /** Repeats something, after increasing pauses, until it succeeds or the attempt is cancelled. */
  async #insist<T>(work: () => Promise<T>): Promise<T> {
    for (let round = 1; ; round += 1) {
      try {
        return await this.#unlessCancelled(work);
      } catch (error) {
        this.#abort.throwIfCancelled();
        this.#parts.onTrouble(error);
      }
      await this.#waits.pause(backoffMs(PAUSES, round));
    }
  }

  async #wait(jobId: string): Promise<JobOutcome> {
    const answer = await this.#unlessCancelled(() =>
      this.#parts.operator.wait(jobId, this.#request, this.#context),
    );
    return checkedOutcome("wait", answer);
  }

  async #submit(): Promise<SubmittedJob> {
    this.#abort.throwIfCancelled();
    const checking = this.#parts.checkSource?.();
    if (checking !== undefined) await this.#abort.orElse(checking);
    const isSecure = this.#parts.secure();
    if (isSecure !== true) await this.#secured(isSecure);
    this.#abort.throwIfCancelled();
    try {
      this.#isSubmitting = true;
      this.#submission = this.#parts.operator.submit(this.#request, this.#context);
      return checkedJob("submit", await this.#abort.orElse(this.#submission));
    } finally {
      const settle = (): void => {
        this.#isSubmitting = false;
      };
      // A cancelled attempt has not waited for it.
      if (this.#abort.isCancelled) Promise.resolve(this.#submission).then(settle, settle);
      else settle();
    }
  }

  /** Waits until a submission cannot meet a successor that has looked for its job before. */
  async #secured(first: Promise<boolean>): Promise<void> {
    const { secure, onTrouble } = this.#parts;
    let isSecure: true | Promise<boolean> = first;
    for (let round = 1; ; round += 1) {
      try {
        if (await this.#abort.orElse(Promise.resolve(isSecure))) return;
      } catch (error) {
        this.#abort.throwIfCancelled();
        onTrouble(error);
      }
      await this.#waits.pause(backoffMs(PAUSES, round));
      this.#abort.throwIfCancelled();
      isSecure = secure();
    }
  }

  /**
   * Returns the job of an earlier submission if it still counts: a failed one is no answer to a new attempt.
   */
  async #find(): Promise<SubmittedJob | undefined> {
    const { operator } = this.#parts;
    const answer = await this.#unlessCancelled(() =>
      operator.find(this.#request.idempotencyKey, this.#request),
    );
    const found = answer === undefined ? undefined : checkedJob("find", answer);
    const hasFailed = found?.outcome !== undefined && found.outcome.state !== "SUCCEEDED";
    return hasFailed ? undefined : found;
  }

  /** An operator that ignores the signal must not hold up anything. */
  #unlessCancelled<T>(work: () => Promise<T>): Promise<T> {
    this.#abort.throwIfCancelled();
    return this.#abort.orElse(work());
  }

  /** Compares source and target, as the schedule asks for. */
  async #verified(outcome: JobOutcome, rule: NonNullable<ScheduleSpec["verify"]>): Promise<JobOutcome> {
    const { operator, spec } = this.#parts;
    try {
      if (operator.verify === undefined)
        throw new OperatorError("JOB_INVALID", `verify: the operator "${spec.operator}" cannot count rows.`);
      const context: VerifyContext = { signal: this.#abort.signal, withChecksum: rule.checksum };
      const counts = await this.#unlessCancelled(() => operator.verify!(this.#request, context));
      return withCounts(outcome, checkedCounts(counts, rule.checksum), rule);
    } catch (error) {
      this.#abort.throwIfCancelled();
      // The job has ended, whatever keeps its rows from being counted.
      return { state: "FAILED", error: errorOf(error), ...adviceOf(error) };
    }
  }

  #ended(outcome: JobOutcome): Result {
    this.#startedAt ??= this.#parts.clock.now();
    return { outcome, isJobOpen: false };
  }

  async #recordRunning(): Promise<boolean> {
    if (this.run.state === "RUNNING" && this.run.jobId === this.#job?.jobId) return true;
    this.#startedAt ??= this.#parts.clock.now();
    const jobId = this.#job?.jobId ?? null;
    const jobAddress = this.#job?.address ?? null;
    const isDone = await this.#parts.change({
      id: this.run.id,
      from: ["SUBMITTING", "RUNNING"],
      token: this.token,
      state: "RUNNING",
      at: this.#parts.clock.now(),
      startedAt: this.#startedAt,
      jobId,
      jobAddress,
    });
    if (!isDone) this.abandon("lease-lost");
    else this.run = { ...this.run, state: "RUNNING", startedAt: this.#startedAt, jobId, jobAddress };
    return isDone;
  }

  /**
   * Returns the result of a cancelled or timed-out attempt; its job counts if it has succeeded all the same.
   */
  async #stopJob(mayHaveJob: boolean): Promise<Result | undefined> {
    const submission = this.#submission;
    // Before it submits again, an attempt knows that the recorded job has ended.
    const job = this.#job ?? (submission === undefined ? recordedJob(this.run) : undefined);
    if (job === undefined && submission === undefined && !mayHaveJob) return this.#stopped(false);
    const mayJoin = (): boolean => this.#cancelReason !== null && isSecure(this.#parts);
    const { clock, operator, spec, onTrouble } = this.#parts;
    this.#stop = new JobStop({
      clock,
      operator,
      request: this.#request,
      context: (abort) => new AttemptContext(abort, spec.dirtyData),
      isOver: () => this.#isStopOver(),
      onTrouble,
    });
    const end = await this.#stop.carryOut({ job, submission, mayJoin });
    if (this.isAbandoned) return undefined;
    if (typeof end === "string") return this.#stopped(end === "open");
    this.#job = end.job;
    this.#log = end.outcome?.log ?? this.#log;
    // A success whose rows there was no time to verify is none.
    const hasSucceeded = end.outcome?.state === "SUCCEEDED" && this.spec.verify == null;
    return hasSucceeded ? this.#ended(end.outcome!) : this.#stopped(false);
  }

  #isStopOver(): boolean {
    if (this.isAbandoned) return true;
    if (this.#cancelReason !== null || this.#timedOutAt === undefined) return false;
    return this.#parts.clock.monotonicNow() - this.#timedOutAt >= STOP_PATIENCE_MS;
  }

  #stopped(isJobOpen: boolean): Result {
    const error = errorOf(this.#abort.reason);
    if (this.#cancelReason !== null) return { outcome: { state: "CANCELLED", error }, isJobOpen };
    const message = isJobOpen ? `${error.message} It could not be stopped.` : error.message;
    return { outcome: { state: "FAILED", error: { ...error, message } }, isJobOpen };
  }

  /**
   * Returns the result of an attempt whose job's end is unknown. A job that the operator refused has never
   * begun.
   */
  #failure(error: unknown): Result {
    const wasRefused = this.#job === undefined && this.#submission !== undefined && isRefusal(error);
    const hasEnded = error instanceof InvalidAnswer && error.hasEnded;
    return {
      outcome: { state: "FAILED", error: errorOf(error), ...adviceOf(error) },
      isJobOpen: !wasRefused && !hasEnded,
    };
  }

  #unread(unread: NotReadable, mayHaveJob: boolean): Result {
    return { outcome: { state: "FAILED" }, isJobOpen: this.#mayHaveUnknownJob(mayHaveJob), unread };
  }

  #heldBack(wait: Exclude<TurnWait, "soon">, mayHaveJob: boolean): Result {
    return { outcome: { state: "FAILED" }, isJobOpen: this.#mayHaveUnknownJob(mayHaveJob), wait };
  }

  /** Leaves the target to the later runs that have written it. */
  #yielded(later: LaterRuns, mayHaveJob: boolean): Result {
    const isJobOpen = this.#mayHaveUnknownJob(mayHaveJob);
    if (later === "copy") return { outcome: { state: "SUCCEEDED" }, isJobOpen, reason: "snapshot-covered" };
    const error = new LedgerError(
      "RUN_STATE_ILLEGAL",
      "The run would replace the whole target, also what later runs of another mode have written; retry it with the latest version, by which it reads its own interval, or, if the mode is full, have the newest interval run again, whose copy has everything.",
    );
    return { outcome: { state: "FAILED", error: errorOf(error), isRetryable: false }, isJobOpen };
  }

  /** An operator that cannot look jobs up may have one of an earlier attempt. */
  #mayHaveUnknownJob(mayHaveJob: boolean): boolean {
    const { operator, spec } = this.#parts;
    return mayHaveJob && operator.canFind?.(spec.job) === false;
  }

  #end({ outcome, isJobOpen, unread, wait, reason }: Result): RunChange {
    const job = this.#job ?? (this.#submission === undefined ? recordedJob(this.run) : undefined);
    const attempt: EndedAttempt = {
      run: this.run,
      token: this.token,
      spec: this.#parts.spec,
      outcome,
      isJobOpen,
      startedAt: this.#startedAt,
      jobId: job?.jobId ?? null,
      jobAddress: job?.address ?? null,
      endedAt: this.#parts.clock.now(),
      cancelReason: this.#cancelReason,
    };
    if (unread !== undefined) return endUnread(attempt, unread);
    if (wait !== undefined) return heldBack(attempt, wait);
    const change = endAttempt(attempt);
    if (change.state !== "SUCCEEDED") return change;
    if (reason !== undefined) return { ...change, reason };
    this.#touched = outcome.touched ?? [];
    const snapshot = endedSnapshot(attempt, this.#parts.operator);
    return snapshot === undefined ? change : { ...change, snapshot };
  }
}

/** Returns whether a job may be submitted at once; has the lease renewed if not. */
export function isSecure({ secure, onTrouble }: Pick<AttemptParts, "secure" | "onTrouble">): boolean {
  const answer = secure();
  if (answer === true) return true;
  answer.catch(onTrouble);
  return false;
}

/** Errors that another attempt would only repeat. */
const NOT_RETRIED: readonly string[] = ["JOB_INVALID", "OPERATOR_ANSWER_INVALID", "TOO_MANY_SHARDS"];

/**
 * Returns the job that the ledger records for the run; one that a retry left behind from an earlier attempt
 * does not count.
 */
function recordedJob({ state, jobId, jobAddress }: Run): SubmittedJob | undefined {
  if (state !== "RUNNING" || jobId === null) return undefined;
  return { jobId, ...(jobAddress === null ? {} : { address: jobAddress }) };
}

/**
 * Returns whether a job that was found is that of the attempt before this one, which has failed because of its rows. One
 * that the ledger records for this attempt is its own: operators may give the jobs of one key one id.
 */
function wasCounted(run: Run, { jobId }: SubmittedJob): boolean {
  const last = run.history.at(-1);
  return last?.error.code === MISMATCH && last.jobId === jobId && recordedJob(run)?.jobId !== jobId;
}

/** Reads a thrown error's advice on the next attempt. */
function adviceOf(error: unknown): RetryAdvice {
  const { isRetryable, retryAfterMs } = (error ?? {}) as { readonly [Key in keyof RetryAdvice]?: unknown };
  const isFinal = isTidegateError(error) && NOT_RETRIED.includes(error.code);
  return {
    isRetryable: !isFinal && isRetryable !== false,
    ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
  };
}

function errorOf(error: unknown): RunError {
  return boundedError({
    code: isTidegateError(error) ? error.code : "JOB_FAILED",
    message: messageOf(error),
  });
}
