import type { Clock, ClockTimer, EpochMs } from "../clock/clock.js";
import { isTidegateError, messageOf, OperatorError } from "../errors/errors.js";
import type { DirtyDataLimit } from "../job/dirty-data-limit.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { JobContext, ScheduleOperator, SubmittedJob } from "../operator/operator.js";
import type { Run, RunReason } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { RunChange } from "../store/schedule-store.js";
import { endAttempt } from "./attempt-result.js";
import { Cancellation } from "./cancellation.js";
import { jobRequest } from "./request.js";

/** Why an attempt is given up without an end of its job: another manager has the run, or this one stops. */
type Abandonment = "lease-lost" | "stopping";

/** What an attempt works with. */
export interface AttemptParts {
  readonly clock: Clock;
  readonly operator: ScheduleOperator;
  readonly spec: ScheduleSpec;
  /** Makes a change of the run durable; `false` when the fencing token is too old. */
  readonly change: (change: RunChange) => Promise<boolean>;
}

/** How an attempt came out: the change that ends it, or `undefined` when it was abandoned. */
export type AttemptEnd = RunChange | undefined;

/** One attempt of a claimed run: submits the job or finds it again, waits for its end, and judges it. */
export class Attempt {
  /** As claimed, and later as the attempt has changed it. */
  run: Run;
  /** A later one when this manager has claimed its own run again. */
  token: number;
  /** Until when the run is this manager's unless it renews, epoch ms. */
  leaseUntil: EpochMs;
  readonly #parts: AttemptParts;
  readonly #request: OfflineJobRequest;
  readonly #abort = new Cancellation();
  readonly #context: JobContext;
  #job: SubmittedJob | undefined;
  #startedAt: EpochMs | null;
  #cancelReason: RunReason | null = null;
  #abandonment: Abandonment | undefined;
  #hasTimedOut = false;
  #hasJobEnded = false;

  constructor(run: Run, token: number, parts: AttemptParts) {
    this.run = run;
    this.token = token;
    this.leaseUntil = run.wakeAt ?? 0;
    this.#parts = parts;
    this.#request = jobRequest(run, parts.spec);
    this.#context = new AttemptContext(this.#abort, parts.spec.dirtyData);
    this.#startedAt = run.startedAt;
  }

  get isAbandoned(): boolean {
    return this.#abandonment !== undefined;
  }

  get spec(): ScheduleSpec {
    return this.#parts.spec;
  }

  /** Asks the job to stop; the run ends as cancelled, or as the job ended if that was sooner. */
  cancel(reason: RunReason): void {
    this.#cancelReason ??= reason;
    this.#abort.cancel(new OperatorError("JOB_CANCELLED", "The run was cancelled."));
  }

  /** Stops working on the run and leaves it to whoever claims it next. */
  abandon(why: Abandonment): void {
    this.#abandonment ??= why;
    this.#abort.cancel(new OperatorError("JOB_CANCELLED", `The attempt was abandoned: ${why}.`));
  }

  /**
   * @param mayHaveJob - a job of this run may exist already, so it is looked for before one is submitted
   */
  async carryOut(mayHaveJob: boolean): Promise<AttemptEnd> {
    const timer = this.#startTimer();
    try {
      const outcome = await this.#outcome(mayHaveJob);
      return this.#abandonment === undefined ? this.#end(outcome) : undefined;
    } finally {
      timer?.cancel();
    }
  }

  #startTimer(): ClockTimer | undefined {
    const { timeoutMs } = this.#parts.spec;
    if (timeoutMs === null) return undefined;
    const until = (this.run.submittedAt ?? this.#parts.clock.now()) + timeoutMs;
    return this.#parts.clock.wakeAt(until, () => {
      this.#hasTimedOut = true;
      this.#abort.cancel(new OperatorError("JOB_TIMED_OUT", `The job took longer than ${timeoutMs} ms.`));
    });
  }

  async #outcome(mayHaveJob: boolean): Promise<JobOutcome> {
    try {
      this.#job = (mayHaveJob ? await this.#findJob() : undefined) ?? (await this.#submit());
      if (this.#job.outcome !== undefined) return this.#started(this.#job.outcome);
      if (!(await this.#recordRunning())) return abandonedOutcome;
      return await this.#wait(this.#job.jobId);
    } catch (error) {
      return this.#abandonment === undefined ? this.#failure(error) : abandonedOutcome;
    }
  }

  async #wait(jobId: string): Promise<JobOutcome> {
    const outcome = await this.#unlessCancelled(() =>
      this.#parts.operator.wait(jobId, this.#request, this.#context),
    );
    this.#hasJobEnded = true;
    return outcome;
  }

  #submit(): Promise<SubmittedJob> {
    return this.#unlessCancelled(() => this.#parts.operator.submit(this.#request, this.#context));
  }

  /** An operator that overlooks the signal holds up nobody. */
  #unlessCancelled<T>(work: () => Promise<T>): Promise<T> {
    this.#abort.throwIfCancelled();
    return this.#abort.orElse(work());
  }

  /** The job of an earlier submission where it still counts: one that failed is no answer to a new attempt. */
  async #findJob(): Promise<SubmittedJob | undefined> {
    const found = await this.#parts.operator.find(this.run.id, this.#request);
    const hasFailed = found?.outcome !== undefined && found.outcome.state !== "SUCCEEDED";
    return hasFailed ? undefined : found;
  }

  #started(outcome: JobOutcome): JobOutcome {
    this.#startedAt ??= this.#parts.clock.now();
    this.#hasJobEnded = true;
    return outcome;
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
      wakeAt: this.run.wakeAt,
      startedAt: this.#startedAt,
      jobId,
      jobAddress,
    });
    if (!isDone) this.abandon("lease-lost");
    else this.run = { ...this.run, state: "RUNNING", startedAt: this.#startedAt, jobId, jobAddress };
    return isDone;
  }

  /** What became of a job whose answer did not come: it is stopped, and counts if it had succeeded all the same. */
  async #failure(error: unknown): Promise<JobOutcome> {
    if (this.#abort.isCancelled) {
      await this.#cancelJob();
      const late = await this.#findJob().catch(() => undefined);
      if (late?.outcome?.state === "SUCCEEDED") {
        this.#job = late;
        return this.#started(late.outcome);
      }
      const state = this.#hasTimedOut ? "FAILED" : "CANCELLED";
      return { state, error: errorOf(this.#abort.reason) };
    }
    const isRetryable = !(isTidegateError(error) && error.code === "JOB_INVALID");
    return { state: "FAILED", error: errorOf(error), isRetryable };
  }

  async #cancelJob(): Promise<void> {
    if (this.#job === undefined) return;
    try {
      await this.#parts.operator.cancel(this.#job.jobId, this.#request);
    } catch {
      // Whether it stopped stays open; the next attempt asks `find` before it submits.
    }
  }

  #end(outcome: JobOutcome): RunChange {
    return endAttempt({
      run: this.run,
      token: this.token,
      spec: this.#parts.spec,
      outcome,
      hasJobEnded: this.#hasJobEnded,
      startedAt: this.#startedAt,
      jobId: this.#job?.jobId ?? null,
      jobAddress: this.#job?.address ?? null,
      endedAt: this.#parts.clock.now(),
      cancelReason: this.#cancelReason,
    });
  }
}

/** What an operator learns of the attempt. The signal is made for those who look at it. */
class AttemptContext implements JobContext {
  readonly #abort: Cancellation;
  readonly dirtyData?: DirtyDataLimit;

  constructor(abort: Cancellation, dirtyData: DirtyDataLimit | null) {
    this.#abort = abort;
    if (dirtyData !== null) this.dirtyData = dirtyData;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }
}

const abandonedOutcome: JobOutcome = { state: "CANCELLED" };

function errorOf(error: unknown): { code: string; message: string } {
  return { code: isTidegateError(error) ? error.code : "JOB_FAILED", message: messageOf(error) };
}
