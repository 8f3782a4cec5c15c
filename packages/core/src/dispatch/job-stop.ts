import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import { isTidegateError, OperatorError } from "../errors/errors.js";
import type { JobOutcome } from "../job/job-outcome.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { JobContext, ScheduleOperator, SubmittedJob } from "../operator/operator.js";
import { backoffMs } from "./attempt-result.js";
import { Cancellation } from "./cancellation.js";
import { checkedJob, checkedOutcome } from "./operator-answer.js";

/**
 * How long `cancel`, `find` and `submit` may take before they are retried, ms; some clusters stop a job in a
 * minute.
 */
const CALL_LIMIT_MS = 120_000;

/** How long a job whose `cancel` has resolved may take to report how it ended, ms. */
const END_LIMIT_MS = 10_000;

/** Pauses between two tries. */
export const PAUSES = { initialMs: 1_000, maxMs: 30_000 };

/** A job to be stopped, as far as it is known. */
export interface UnwantedJob {
  /** The job, if its id is known. */
  readonly job: SubmittedJob | undefined;
  /** The `submit` that has not been answered. */
  readonly submission: Promise<SubmittedJob> | undefined;
  /**
   * Returns whether to resubmit the key to an operator that cannot look it up, so that the job it leads to
   * can be stopped.
   */
  readonly mayJoin: () => boolean;
}

/** Result of a stop: `none` if the job never began, `open` if that could not be determined. */
export type StoppedJob =
  | { readonly job: SubmittedJob; readonly outcome: JobOutcome | undefined }
  | "none"
  | "open";

/** Dependencies of `JobStop`. */
export interface JobStopParts {
  readonly clock: Clock;
  readonly operator: ScheduleOperator;
  readonly request: OfflineJobRequest;
  /** Returns the context of a call that `abort` cancels. */
  readonly context: (abort: Cancellation) => JobContext;
  /** Returns whether to stop trying. Whoever makes it true calls `wake`. */
  readonly isOver: () => boolean;
  /** Called for each failed try. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Stops an unwanted job, and keeps trying until its end is known: the job may still be on its way to the
 * cluster, `cancel` may fail or hang, and the operator may be unavailable. A missing answer never counts as a
 * stop.
 */
export class JobStop {
  readonly #parts: JobStopParts;
  readonly #waits: Waits;
  #job: SubmittedJob | undefined;
  #submission: Submission | undefined;
  readonly #joining = new Cancellation();

  constructor(parts: JobStopParts) {
    this.#parts = parts;
    this.#waits = new Waits(parts.clock);
  }

  /** Checks `isOver` now. */
  wake(): void {
    this.#waits.wake();
  }

  /** Tries once, for a run that nobody holds. @throws the operator's errors */
  once(): Promise<StoppedJob> {
    return this.#try(() => false);
  }

  /** Tries until the end is known or `isOver`. */
  async carryOut({ job, submission, mayJoin }: UnwantedJob): Promise<StoppedJob> {
    this.#job = job;
    if (submission !== undefined) this.#submission = new Submission(submission);
    // An operator that heeds its signal answers at once.
    await null;
    for (let round = 1; !this.#parts.isOver(); round += 1) {
      try {
        const end = await this.#try(mayJoin);
        if (end !== "open") return end;
      } catch (error) {
        if (!this.#parts.isOver()) this.#parts.onTrouble(error);
      }
      if (this.#parts.isOver()) break;
      const answer = this.#submission?.isPending ? this.#submission.settled : undefined;
      await this.#waits.within(backoffMs(PAUSES, round), answer);
    }
    this.#joining.cancel(new OperatorError("JOB_CANCELLED", "The attempt is over."));
    return "open";
  }

  async #try(mayJoin: () => boolean): Promise<StoppedJob> {
    const found = await this.#find();
    if (found === "none" && (this.#canFind || this.#submission?.isRefused)) return "none";
    if (found === "none") {
      if (mayJoin()) this.#submission = new Submission(this.#submit());
      return "open";
    }
    if (found === undefined) return "open";
    if (found.outcome !== undefined) return { job: found, outcome: found.outcome };
    return this.#cancel(found);
  }

  /** Returns the job as far as it is known: `none` if it never began, `undefined` if that is open. */
  async #find(): Promise<SubmittedJob | "none" | undefined> {
    if (this.#job !== undefined) return this.#job;
    const submission = this.#submission;
    if (submission?.isRefused) return "none";
    this.#job = submission?.job ?? (await this.#looked(submission?.isPending === true));
    if (this.#job !== undefined) return this.#job;
    return submission?.isPending ? undefined : "none";
  }

  /** While a submission is in progress, a job that ended badly is an earlier attempt's. */
  async #looked(isOnItsWay: boolean): Promise<SubmittedJob | undefined> {
    const { operator, request } = this.#parts;
    const answer = await this.#bounded("find", operator.find(request.idempotencyKey, request));
    const found = answer === undefined ? undefined : checkedJob("find", answer);
    const hasFailed = found?.outcome !== undefined && found.outcome.state !== "SUCCEEDED";
    return isOnItsWay && hasFailed ? undefined : found;
  }

  /** A `cancel` that fails may still have met an ended job; one that resolves has stopped it by contract. */
  async #cancel(job: SubmittedJob): Promise<StoppedJob> {
    const { operator, request } = this.#parts;
    let failure: unknown;
    try {
      await this.#bounded("cancel", operator.cancel(job.jobId, request));
    } catch (error) {
      failure = error ?? new Error("It rejected without a reason.");
    }
    if (failure === undefined) {
      const answer = await this.#endOf(job).catch(() => undefined);
      if (answer !== undefined) return { job, outcome: checkedOutcome("wait", answer) };
    }
    const found = await this.#looked(false);
    if (found?.outcome !== undefined) return { job: found, outcome: found.outcome };
    if (failure !== undefined) throw failure;
    return found === undefined && this.#canFind ? { job, outcome: undefined } : "open";
  }

  /** Returns how a stopped job ended; `undefined` if it takes too long to report that. */
  async #endOf({ jobId }: SubmittedJob): Promise<JobOutcome | undefined> {
    const { operator, request, context } = this.#parts;
    const limit = new Cancellation();
    try {
      return await this.#waits.within(END_LIMIT_MS, operator.wait(jobId, request, context(limit)));
    } finally {
      limit.cancel(new OperatorError("JOB_CANCELLED", "The job's end was not waited for any longer."));
    }
  }

  get #canFind(): boolean {
    const { operator, request } = this.#parts;
    return operator.canFind?.(request.job) ?? true;
  }

  #submit(): Promise<SubmittedJob> {
    return this.#parts.operator.submit(this.#parts.request, this.#parts.context(this.#joining));
  }

  async #bounded<T>(call: string, work: Promise<T>): Promise<T | undefined> {
    let isDone = false;
    const done = work.then((value) => {
      isDone = true;
      return value;
    });
    const value = await this.#waits.within(CALL_LIMIT_MS, done);
    if (!isDone) throw new OperatorError("JOB_FAILED", `The operator's ${call} has not answered.`);
    return value;
  }
}

/** A `submit` that may still be answered. */
class Submission {
  readonly settled: Promise<void>;
  isPending = true;
  /** Whether the operator reported that it did not take the job. */
  isRefused = false;
  job: SubmittedJob | undefined;

  constructor(work: Promise<SubmittedJob>) {
    this.settled = work
      .then(
        (answer) => {
          this.job = checkedJob("submit", answer);
        },
        (error: unknown) => {
          this.isRefused = isRefusal(error);
        },
      )
      .catch(() => undefined)
      .finally(() => {
        this.isPending = false;
      });
  }
}

const LEAVES_OPEN = ["NOT_RUNNING", "JOB_CANCELLED", "JOB_TIMED_OUT"];

/**
 * Returns whether an error of `submit` means that the job was not taken. An aborted call's error does not.
 */
export function isRefusal(error: unknown): boolean {
  if (!isTidegateError(error) || error.code === "OPERATOR_ANSWER_INVALID") return false;
  return !LEAVES_OPEN.includes(error.code);
}
