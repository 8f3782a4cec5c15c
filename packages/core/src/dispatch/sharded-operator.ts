import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { isTidegateError, LedgerError, messageOf, OperatorError } from "../errors/errors.js";
import type { BoundaryType } from "../interval/boundaries.js";
import type { JobOutcome, RetryAdvice } from "../job/job-outcome.js";
import type { JsonObject } from "../job/json.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import { canSplit } from "../operator/can-split.js";
import type { JobContext, ScheduleOperator, SubmittedJob } from "../operator/operator.js";
import type { SpecCache } from "../planning/spec-cache.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import { shardPolicyOf } from "../shard/shard-policy.js";
import type { ShardTable } from "../store/shard-table.js";
import { isSecure } from "./attempt.js";
import { AttemptContext } from "./attempt-context.js";
import { backoffMs, withDirtyLimit } from "./attempt-result.js";
import { Cancellation } from "./cancellation.js";
import { FormerSplit, isSameJob } from "./former-split.js";
import { PAUSES } from "./job-stop.js";
import type { LaterRuns } from "./later-copy.js";
import { checkedOutcome } from "./operator-answer.js";
import { ShardCrew } from "./shard-crew.js";
import { ShardLedger } from "./shard-ledger.js";
import { resultsOf, shardsError, succeededOutcome, summed } from "./shard-outcome.js";
import { NotReadable } from "./source-check.js";
import { checkedSplit } from "./split-answer.js";

/** Dependencies of `ShardedOperator`. */
export interface ShardedOperatorParts {
  readonly store: ShardTable;
  readonly clock: Clock;
  readonly operator: ScheduleOperator;
  /** All operators, by lower-case type: an earlier version of the run may have been split by another one. */
  readonly operators: ReadonlyMap<string, ScheduleOperator>;
  readonly specs: Pick<SpecCache, "get">;
  readonly run: Run;
  readonly spec: ScheduleSpec;
  /** Returns the fencing token of the run's holder; `undefined` if nobody holds it. */
  readonly token: () => number | undefined;
  /** See `AttemptParts.secure`. */
  readonly secure: () => true | Promise<boolean>;
  /** See `ShardCrewParts.checkSource`. */
  readonly checkSource?: ((part: Run) => Promise<void> | undefined) | undefined;
  /** See `AttemptParts.findLater`: if there are any, a split that is not being merged here is dropped. */
  readonly findLater?: (() => Promise<LaterRuns | undefined>) | undefined;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * One run's operator whose job is all the shards of the run: to submit it is to split the run, to wait for it is
 * to carry its shards out and to merge them. So a run that is split is attempted, recovered, timed out and
 * cancelled like any other, and the lease of the run covers its shards.
 *
 * A run keeps its split as long as it has the same job. If a later version has given it another one, the jobs of its
 * shards are stopped and the split is dropped before the new job begins, which is split anew or carried out whole.
 */
export class ShardedOperator implements ScheduleOperator {
  readonly operatorType: string;
  readonly #parts: ShardedOperatorParts;
  readonly #ledger: ShardLedger;
  readonly #jobId: string;
  readonly #waits: Waits;
  readonly verify?: NonNullable<ScheduleOperator["verify"]>;
  #former: FormerSplit | undefined;
  /** The end of the former split, in progress. */
  #clearing: Promise<boolean> | undefined;
  #isAbandoned = false;
  #crew: ShardCrew | undefined;
  #mayHaveJobs = false;
  /** Whether its job was said to have succeeded. */
  #hasSucceeded = false;
  #merging: Promise<JobOutcome> | undefined;
  /** How the job ended when it was cancelled. */
  #end: JobOutcome | undefined;

  constructor(parts: ShardedOperatorParts) {
    const { store, clock, operator, run, token, onTrouble } = parts;
    this.#parts = parts;
    this.operatorType = operator.operatorType;
    this.#ledger = new ShardLedger({ store, clock, runId: run.id, token, onTrouble });
    this.#jobId = shardsJobId(run.id);
    this.#waits = new Waits(clock);
    if (operator.verify !== undefined) this.verify = (request, context) => operator.verify!(request, context);
  }

  /** Whether the `submit` of a shard is in progress. */
  get isSubmitting(): boolean {
    return this.#crew?.isSubmitting === true || this.#former?.isSubmitting === true;
  }

  /** Leaves the shards to whoever claims the run next. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#waits.wake();
    this.#ledger.abandon();
    this.#former?.abandon();
    this.#crew?.abandon();
  }

  /** Ends a split of another job: see `FormerSplit`. @throws LedgerError RUN_STATE_ILLEGAL if that is not certain yet */
  async clearWay(): Promise<void> {
    await this.#isSplit();
  }

  canReadAt(job: JsonObject, boundaryType: BoundaryType): boolean {
    return this.#parts.operator.canReadAt?.(job, boundaryType) ?? true;
  }

  canFind(job: JsonObject): boolean {
    if (this.#ledger.isSplit || isAsked(this.#parts)) return true;
    return this.#parts.operator.canFind?.(job) ?? true;
  }

  /** Submits a job whose success was no answer once more: its rows have not arrived, and no shard of it counts. */
  async submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob> {
    const isSplit = await this.#isSplit();
    if (isSplit && !this.#hasSucceeded) return { jobId: this.#jobId };
    if (isSplit) await this.#forget();
    if (!isAsked(this.#parts)) {
      this.#requireHeld();
      return this.#parts.operator.submit(request, context);
    }
    await this.#split(request, context);
    return { jobId: this.#jobId };
  }

  /** Returns the job of a run that was split, or the one of a run that was submitted before it was to be split. */
  async find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined> {
    this.#mayHaveJobs = true;
    if (!(await this.#isSplit())) return this.#parts.operator.find(key, request);
    const outcome = this.#end ?? this.#outcomeWithoutMerge();
    this.#hasSucceeded = outcome?.state === "SUCCEEDED";
    return { jobId: this.#jobId, ...(outcome === undefined ? {} : { outcome }) };
  }

  async wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome> {
    if (jobId !== this.#jobId) return this.#parts.operator.wait(jobId, request, context);
    const outcome = await this.#wait(request, context);
    this.#hasSucceeded = outcome.state === "SUCCEEDED";
    return outcome;
  }

  async #wait(request: OfflineJobRequest, context: JobContext): Promise<JobOutcome> {
    if (this.#end !== undefined) return this.#end;
    if (!(await this.#isSplit())) throw new OperatorError("JOB_FAILED", "The run is no longer split.");
    const crew = this.#crewOf(request);
    const halt = (): void => crew.halt();
    context.signal.addEventListener("abort", halt, { once: true });
    try {
      if (context.signal.aborted) halt();
      await crew.carryOut();
    } finally {
      context.signal.removeEventListener("abort", halt);
    }
    context.signal.throwIfAborted();
    const shards = this.#ledger.shards;
    if (shards.some(({ state }) => state !== "SUCCEEDED")) return this.#failed(crew);
    // Nothing is merged of shards that break the contract together.
    const whole = checkedOutcome("wait", withLog(succeededOutcome(shards), crew));
    const outcome = withDirtyLimit(whole, this.#parts.spec.dirtyData);
    if (outcome.state !== "SUCCEEDED" || this.#parts.operator.merge === undefined) return outcome;
    return this.#merge(request, context, outcome);
  }

  /** A merge that has begun is finished: readers may see its rows already. */
  async cancel(jobId: string, request: OfflineJobRequest): Promise<void> {
    if (jobId !== this.#jobId) return this.#parts.operator.cancel(jobId, request);
    const isSplit = await this.#isSplit();
    if (this.#merging !== undefined || this.#ledger.isMerging) {
      const context = new AttemptContext(new Cancellation(), this.#parts.spec.dirtyData);
      this.#end = await this.#merge(request, context, succeededOutcome(this.#ledger.shards));
      return;
    }
    if (isSplit) await this.#crewOf(request).cancel();
    this.#end = (isSplit ? this.#outcomeWithoutMerge() : undefined) ?? { state: "CANCELLED" };
  }

  async #forget(): Promise<void> {
    await this.#ledger.drop();
    this.#crew = undefined;
    this.#merging = undefined;
    this.#end = undefined;
    this.#hasSucceeded = false;
  }

  async #split(request: OfflineJobRequest, context: JobContext): Promise<void> {
    const { operator, spec, run, clock } = this.#parts;
    const { target } = shardPolicyOf(spec.shards ?? {});
    const { signal, dirtyData } = context;
    const limits = { signal, ...(dirtyData === undefined ? {} : { dirtyData }) };
    let answer: unknown;
    try {
      answer = await operator.split?.(request, { ...limits, target });
    } catch (error) {
      if (signal.aborted) throw error;
      throw asRefusal(error);
    }
    await this.#ledger.insert(checkedSplit(run, answer, clock.now()));
  }

  /** @throws LedgerError RUN_STATE_ILLEGAL if another manager may have the run since the shards were read */
  #requireHeld(): void {
    if (this.#isAbandoned || !isSecure(this.#parts)) throw this.#leftBehind();
  }

  #leftBehind(): LedgerError {
    const { id } = this.#parts.run;
    return new LedgerError("RUN_STATE_ILLEGAL", `Run ${id} may have been left to its next holder meanwhile.`);
  }

  /** Reads whether the run is split, and ends a split of another job. */
  async #isSplit(): Promise<boolean> {
    if (!(await this.#ledger.read())) return false;
    this.#clearing ??= this.#cleared().finally(() => {
      this.#clearing = undefined;
    });
    return this.#clearing;
  }

  /** Returns whether the split is of the run's job, and still wanted; if it is not, it has been ended. */
  async #cleared(): Promise<boolean> {
    const { operator, run, spec, specs } = this.#parts;
    const { scheduleVersion } = this.#ledger;
    if (scheduleVersion === undefined) return false;
    const isOwn = scheduleVersion === run.scheduleVersion;
    const former = isOwn ? spec : await specs.get({ ...run, scheduleVersion });
    const isSame = former !== undefined && isSameJob(former, spec) && canSplit(operator, spec.job);
    if (isSame && (this.#merging !== undefined || (await this.#parts.findLater?.()) === undefined))
      return true;
    if (this.#isAbandoned)
      throw new LedgerError("RUN_STATE_ILLEGAL", `Run ${run.id} was left to its next holder.`);
    const { clock, operators, secure, onTrouble } = this.#parts;
    const own = { ledger: this.#ledger, mayHaveJobs: this.#mayHaveJobs, run, spec: former };
    this.#former = new FormerSplit({ ...own, clock, operators, secure, onTrouble });
    await this.#former.end();
    return false;
  }

  #crewOf(request: OfflineJobRequest): ShardCrew {
    const { clock, operator, run, spec, secure, checkSource, onTrouble } = this.#parts;
    this.#crew ??= new ShardCrew({
      clock,
      operator,
      run,
      spec,
      policy: shardPolicyOf(spec.shards ?? {}),
      ledger: this.#ledger,
      request,
      mayHaveJobs: this.#mayHaveJobs,
      secure,
      ...(checkSource === undefined ? {} : { checkSource }),
      onTrouble,
    });
    return this.#crew;
  }

  /** Returns the outcome of shards that need no merge and have all succeeded. */
  #outcomeWithoutMerge(): JobOutcome | undefined {
    const shards = this.#ledger.shards;
    const isDone =
      this.#parts.operator.merge === undefined && shards.every(({ state }) => state === "SUCCEEDED");
    return isDone ? succeededOutcome(shards) : undefined;
  }

  /**
   * A split that no longer fits its source is forgotten, so that the next attempt makes another one.
   *
   * @throws OperatorError SHARDS_FAILED if a job of a shard may still be working; NotReadable if the source has lost what a
   *   shard was to read
   */
  async #failed(crew: ShardCrew): Promise<JobOutcome> {
    const { retryAfterMs, isStale } = crew;
    const isRetryable = isStale || crew.isRetryable;
    const shards = this.#ledger.shards;
    const error = shardsError(shards);
    const advice: RetryAdvice = { isRetryable, ...(retryAfterMs > 0 ? { retryAfterMs } : {}) };
    if (shards.some(({ isJobOpen }) => isJobOpen)) {
      throw Object.assign(new OperatorError("SHARDS_FAILED", error.message), advice);
    }
    if (crew.unread !== undefined) throw this.#unread(crew.unread);
    if (isStale) await this.#ledger.drop();
    return withLog({ state: "FAILED", metrics: summed(shards), error, ...advice }, crew);
  }

  /** Rows of shards that are not merged are in the target already: the next plan would have them read again. */
  #unread({ cause, isCopiedNext, isReadBefore }: NotReadable): NotReadable {
    const isDone = this.#ledger.shards.some(({ state }) => state === "SUCCEEDED");
    const isWritten = isDone && this.#parts.operator.merge === undefined;
    return new NotReadable(cause, { isCopiedNext, isReadBefore, isWritten });
  }

  /**
   * Waits until a merge cannot begin after that of a successor, whose rows another run may have replaced since.
   *
   * @throws LedgerError RUN_STATE_ILLEGAL if the run was left to its next holder
   */
  async #secured(signal: AbortSignal): Promise<void> {
    const { secure, onTrouble } = this.#parts;
    for (let round = 1; ; round += 1) {
      signal.throwIfAborted();
      if (this.#isAbandoned) throw this.#leftBehind();
      const answer = secure();
      if (answer === true || (await answer.catch(onTrouble)) === true) return;
      await this.#waits.pause(backoffMs(PAUSES, round));
    }
  }

  /** Merges once at a time; a merge that failed may be tried again. */
  async #merge(request: OfflineJobRequest, context: JobContext, outcome: JobOutcome): Promise<JobOutcome> {
    const merge = async (): Promise<JobOutcome> => {
      await this.#ledger.beginMerge();
      await this.#secured(context.signal);
      await this.#parts.operator.merge?.(request, resultsOf(this.#ledger.shards), context);
      return outcome;
    };
    this.#merging ??= merge();
    try {
      return await this.#merging;
    } catch (error) {
      this.#merging = undefined;
      throw error;
    }
  }
}

/** Returns whether a run is carried out by a `ShardedOperator`: it is split, now or since an earlier attempt. */
export function isSharded(parts: Pick<ShardedOperatorParts, "operator" | "run" | "spec">): boolean {
  return isAsked(parts) || wasSplit(parts.run);
}

/** Returns whether the run's version asks for shards, and its job has some. */
function isAsked({ operator, spec }: Pick<ShardedOperatorParts, "operator" | "spec">): boolean {
  return spec.shards != null && canSplit(operator, spec.job);
}

function wasSplit({ id, jobId, history }: Run): boolean {
  if (jobId === null && history.length === 0) return false;
  const own = shardsJobId(id);
  return jobId === own || history.some((attempt) => attempt.jobId === own);
}

/** Returns the id of the job that all shards of a run are. */
export function shardsJobId(runId: string): string {
  return `shards-of-${runId}`;
}

function withLog(outcome: JobOutcome, { log }: ShardCrew): JobOutcome {
  return log === undefined ? outcome : { ...outcome, log };
}

/** Nothing was submitted, whatever a `split` threw. */
function asRefusal(error: unknown): unknown {
  if (isTidegateError(error) && !["NOT_RUNNING", "JOB_CANCELLED", "JOB_TIMED_OUT"].includes(error.code))
    return error;
  const { isRetryable, retryAfterMs } = (error ?? {}) as { isRetryable?: unknown; retryAfterMs?: unknown };
  const refusal = new OperatorError("JOB_FAILED", `The job could not be split: ${messageOf(error)}`, {
    cause: error,
  });
  return Object.assign(refusal, { isRetryable, retryAfterMs });
}
