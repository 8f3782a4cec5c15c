import { OperatorError } from "@tidegate/core";
import type {
  JobContext,
  JobOutcome,
  OfflineJobRequest,
  ScheduleOperator,
  SubmittedJob,
} from "@tidegate/core/operator";
import type { VirtualClock } from "@tidegate/core/testing";
import { GOOD, type JobScript } from "./history.js";

/** How the cluster says that a job goes on. */
export const CANNOT_STOP = "The job cannot be stopped.";

/** A job on the cluster, as it really is. */
export interface ClusterJob {
  readonly jobId: string;
  readonly key: string;
  readonly request: OfflineJobRequest;
  readonly script: JobScript;
  readonly ended: Promise<JobOutcome>;
  readonly end: (outcome: JobOutcome) => void;
  outcome: JobOutcome | undefined;
  /** Somebody was not told that it runs, or could not stop it: what follows may not be the product's doing. */
  isStray: boolean;
}

/**
 * A batch service that does as its scripts say. Its jobs outlive the processes that submit them, and a key that it knows
 * is answered with the job of that key, unless that has failed.
 */
export class Cluster implements ScheduleOperator {
  readonly operatorType = "cluster";
  readonly jobs: ClusterJob[] = [];
  readonly #byId = new Map<string, ClusterJob>();
  /** Jobs that have succeeded, in the order of their ends. */
  readonly succeeded: ClusterJob[] = [];
  /** Counts the ledgers of the group: one more with each purge. */
  epoch = 0;
  /** Told of each job that begins. */
  onBegin: (job: ClusterJob) => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #scripts: readonly JobScript[];
  readonly #tenthMs: number;
  readonly #unanswered: (() => void)[] = [];
  #submissions = 0;
  #isWell = false;

  constructor(clock: VirtualClock, scripts: readonly JobScript[], tenthMs: number) {
    this.#clock = clock;
    this.#scripts = scripts;
    this.#tenthMs = tenthMs;
  }

  async submit(request: OfflineJobRequest, _context: JobContext): Promise<SubmittedJob> {
    const script = this.#isWell ? GOOD : this.#scripts[this.#submissions % this.#scripts.length]!;
    this.#submissions += 1;
    if (script.submit === "refused") throw new OperatorError("JOB_FAILED", "no room");
    if (script.submit === "away") throw new Error("connection refused");
    const known = this.#known(request.idempotencyKey);
    const isKnown =
      known !== undefined && (known.outcome === undefined || known.outcome.state === "SUCCEEDED");
    const job = isKnown ? known : this.#begin(request, script);
    if (script.submit === "lost") {
      job.isStray = true;
      throw new Error("connection reset");
    }
    if (script.submit === "slow") await this.#sleep(3);
    if (script.submit === "hangs") {
      job.isStray = true;
      await new Promise<void>((resolve) => this.#unanswered.push(resolve));
    }
    return described(job);
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    const job = this.#known(key);
    return job && described(job);
  }

  wait(jobId: string, _request: OfflineJobRequest, { signal }: JobContext): Promise<JobOutcome> {
    const job = this.#byId.get(jobId);
    if (job === undefined) return Promise.reject(new Error(`There is no job ${jobId}.`));
    return new Promise((resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      void job.ended.then(resolve);
    });
  }

  async cancel(jobId: string): Promise<void> {
    const job = this.#byId.get(jobId);
    if (job === undefined || job.outcome !== undefined) return;
    const { cancel } = this.#isWell ? GOOD : job.script;
    if (cancel === "rejects") {
      job.isStray = true;
      throw new Error(CANNOT_STOP);
    }
    if (cancel === "slow") await this.#sleep(3);
    job.end(cancel === "finishes" ? { state: "SUCCEEDED" } : { state: "CANCELLED" });
  }

  /** From now on everything is taken, answered at once and succeeds. */
  heal(): void {
    this.#isWell = true;
    for (const answer of this.#unanswered.splice(0)) answer();
  }

  #known(key: string): ClusterJob | undefined {
    return this.jobs.findLast((job) => job.key === key);
  }

  #begin(request: OfflineJobRequest, script: JobScript): ClusterJob {
    let resolve: (outcome: JobOutcome) => void = () => undefined;
    const ended = new Promise<JobOutcome>((done) => {
      resolve = done;
    });
    const job: ClusterJob = {
      jobId: `${this.epoch}/${this.jobs.length + 1}`,
      key: request.idempotencyKey,
      request,
      script,
      ended,
      end: (outcome) => {
        if (job.outcome === undefined && outcome.state === "SUCCEEDED") this.succeeded.push(job);
        job.outcome ??= outcome;
        resolve(job.outcome);
      },
      outcome: undefined,
      isStray: false,
    };
    this.onBegin(job);
    this.jobs.push(job);
    this.#byId.set(job.jobId, job);
    const outcome = outcomeOf(script);
    if (script.lasts === 0) job.end(outcome);
    else this.#clock.wakeAt(this.#clock.now() + script.lasts * this.#tenthMs, () => job.end(outcome));
    return job;
  }

  #sleep(tenths: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.wakeAt(this.#clock.now() + tenths * this.#tenthMs, resolve);
    });
  }
}

function outcomeOf({ ends }: JobScript): JobOutcome {
  if (ends === "succeeded") return { state: "SUCCEEDED" };
  const error = { code: "JOB_FAILED", message: "as the script says" };
  return { state: "FAILED", error, isRetryable: ends === "failed" };
}

function described({ jobId, outcome }: ClusterJob): SubmittedJob {
  return { jobId, ...(outcome === undefined ? {} : { outcome }) };
}
