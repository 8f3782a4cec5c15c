import { OperatorError } from "../../src/errors/errors.js";
import type { JobOutcome } from "../../src/job/job-outcome.js";
import type { JsonObject } from "../../src/job/json.js";
import type { OfflineJobRequest } from "../../src/job/offline-job-request.js";
import type { JobContext, ScheduleOperator, SubmittedJob } from "../../src/operator/operator.js";

/**
 * What becomes of a submission: an outcome at once; `runs`, until the test ends the job; `hangs`, so that `submit` never
 * answers; `answers-late`, so that the job runs and `submit` answers when the test says; or an error, thrown before or after
 * the job was started.
 */
export type Answer =
  | JobOutcome
  | "runs"
  | "hangs"
  | "answers-late"
  | { readonly throws: Error; readonly hasStarted?: boolean };

interface Job {
  readonly jobId: string;
  outcome: JobOutcome | undefined;
  readonly ended: Promise<JobOutcome>;
  readonly tellEnded: (outcome: JobOutcome) => void;
}

export const SUCCEEDED: JobOutcome = { state: "SUCCEEDED" };

/** A job that failed, with a message of its own. */
export function failed(message: string, isRetryable = true): JobOutcome {
  return { state: "FAILED", error: { code: "JOB_FAILED", message }, isRetryable };
}

/** An operator that records what it is asked and answers as told. Its jobs outlive a manager, as a cluster's do. */
export class ScriptedOperator implements ScheduleOperator {
  readonly operatorType: string;
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  /** What was submitted, in order. */
  readonly submissions: OfflineJobRequest[] = [];
  /** Keys that `find` was asked for, in order. */
  readonly lookups: string[] = [];
  /** Keys of the jobs that were asked to stop. */
  readonly cancellations: string[] = [];
  /** Keys that were submitted while a job of theirs ran or had succeeded: work done twice. */
  readonly doubles: string[] = [];
  /** What to answer; success unless told otherwise. */
  answer: (request: OfflineJobRequest) => Answer = () => SUCCEEDED;
  /** How a job ends that is asked to stop. `undefined`: it takes no notice. */
  onCancel: JobOutcome | undefined = { state: "CANCELLED" };
  /** Whether `wait` goes on when its signal is aborted. */
  overlooksSignal = false;
  /** While set, `cancel` rejects with it, or never answers. */
  cancelFailure: Error | "hangs" | undefined;
  /** While set, `find` rejects with it. */
  findFailure: Error | undefined;
  /** While set, `wait` rejects with it. */
  waitFailure: Error | undefined;
  /** Whether `find` knows the jobs; an operator that cannot look keys up finds nothing. */
  canLookUp = true;
  /** Counts the rows of an interval; an operator that cannot has none. */
  verify?: NonNullable<ScheduleOperator["verify"]>;
  /** Compares a job with the source of its schedule. */
  validateSource?: NonNullable<ScheduleOperator["validateSource"]>;
  /** Says why rows cannot be compared. */
  cannotVerify?: NonNullable<ScheduleOperator["cannotVerify"]>;
  /** Says how a job writes; by default it upserts. */
  writesOf?: NonNullable<ScheduleOperator["writesOf"]> = () => "upsert";
  /** Says whether a full read replaces all that was written before. */
  replacesTarget?: NonNullable<ScheduleOperator["replacesTarget"]>;
  /** Says whether a full read ends at its upper bound. */
  canReadAt?: NonNullable<ScheduleOperator["canReadAt"]>;
  /** Shows what a running job has logged; an operator that cannot has none. */
  logs?: NonNullable<ScheduleOperator["logs"]>;
  readonly #late: (() => void)[] = [];
  readonly #jobs = new Map<string, Job>();

  constructor(operatorType = "scripted") {
    this.operatorType = operatorType;
  }

  /** Refuses a job that says `isMalformed`. */
  validate(job: JsonObject): void {
    if (job.isMalformed === true) {
      throw new OperatorError("JOB_INVALID", "job.isMalformed: must not be set.", {
        field: "job.isMalformed",
      });
    }
  }

  /** Says what the job's `note` says. @throws Error for one that is no text, as a job that is no longer understood */
  notesOn({ note }: JsonObject): string[] {
    if (note !== undefined && typeof note !== "string") throw new Error("no text");
    return note === undefined ? [] : [note];
  }

  async submit(request: OfflineJobRequest, _context?: JobContext): Promise<SubmittedJob> {
    const key = request.idempotencyKey;
    this.submissions.push(request);
    const known = this.#jobs.get(key);
    const isOpen = known !== undefined && known.outcome === undefined;
    if (isOpen || known?.outcome?.state === "SUCCEEDED") this.doubles.push(key);
    const answer = this.answer(request);
    if (answer === "hangs") return new Promise(() => undefined);
    if (typeof answer === "object" && "throws" in answer) {
      if (answer.hasStarted) this.#begin(key);
      throw answer.throws;
    }
    const job = isOpen && !this.canLookUp ? known : this.#begin(key);
    if (answer === "answers-late") await new Promise<void>((resolve) => this.#late.push(resolve));
    else if (answer !== "runs") this.end(key, answer);
    return described(job);
  }

  /** Has every `submit` answer that was to answer late. */
  answerNow(): void {
    for (const answer of this.#late.splice(0)) answer();
  }

  canFind(): boolean {
    return this.canLookUp;
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    this.lookups.push(key);
    if (this.findFailure !== undefined) throw this.findFailure;
    if (!this.canLookUp) return undefined;
    const job = this.#jobs.get(key);
    return job && described(job);
  }

  wait(jobId: string, _request: OfflineJobRequest, context: JobContext): Promise<JobOutcome> {
    const job = [...this.#jobs.values()].find((candidate) => candidate.jobId === jobId);
    if (this.waitFailure !== undefined) return Promise.reject(this.waitFailure);
    if (job === undefined) return Promise.reject(new Error(`There is no job ${jobId}.`));
    if (this.overlooksSignal) return job.ended;
    const aborted = new Promise<never>((_, reject) => {
      context.signal.addEventListener("abort", () => reject(context.signal.reason as Error));
    });
    return Promise.race([job.ended, aborted]);
  }

  async cancel(_jobId: string, request: OfflineJobRequest): Promise<void> {
    this.cancellations.push(request.idempotencyKey);
    if (this.cancelFailure === "hangs") return new Promise(() => undefined);
    if (this.cancelFailure !== undefined) throw this.cancelFailure;
    if (this.onCancel !== undefined) this.end(request.idempotencyKey, this.onCancel);
  }

  /** Ends the job of a key; does nothing where it has ended. */
  end(key: string, outcome: JobOutcome): void {
    const job = this.#jobs.get(key);
    if (job === undefined) throw new Error(`There is no job of key ${key}.`);
    job.outcome ??= outcome;
    job.tellEnded(job.outcome);
  }

  /** Ends every job that runs. */
  endAll(outcome: JobOutcome = SUCCEEDED): void {
    for (const [key, job] of this.#jobs) if (job.outcome === undefined) this.end(key, outcome);
  }

  /** The keys of the jobs that run. */
  get running(): string[] {
    return [...this.#jobs].filter(([, job]) => job.outcome === undefined).map(([key]) => key);
  }

  #begin(key: string): Job {
    let tellEnded: (outcome: JobOutcome) => void = () => undefined;
    const ended = new Promise<JobOutcome>((resolve) => {
      tellEnded = resolve;
    });
    const job: Job = { jobId: `job-${this.submissions.length}`, outcome: undefined, ended, tellEnded };
    this.#jobs.set(key, job);
    return job;
  }
}

function described({ jobId, outcome }: Job): SubmittedJob {
  return { jobId, address: `test://${jobId}`, ...(outcome === undefined ? {} : { outcome }) };
}
