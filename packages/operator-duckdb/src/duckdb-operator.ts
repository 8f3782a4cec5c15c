import { pathToFileURL } from "node:url";
import { OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import type { JobContext, JobOutcome, SubmittedJob } from "@tidegate/core/operator";
import {
  type DefinedOperator,
  defineOperator,
  type JobCall,
  type OperatorDefinition,
} from "@tidegate/operator-kit";
import { outcomeOfError } from "./duckdb/failure.js";
import { Session } from "./duckdb/session.js";
import type { DuckdbJob } from "./job/job.js";
import { jobSchema } from "./job/job-schema.js";
import { type DuckdbOperatorOptions, type Settings, settingsOf } from "./options.js";
import { copyInterval } from "./run/copy-interval.js";
import { JobTable } from "./run/job-table.js";
import { checkJob, type Task, taskOf } from "./run/task.js";
import { Slots, Turns } from "./run/turns.js";
import { type CommitRecord, outcomeOf, readRecord } from "./target/commit-record.js";
import type { Layout } from "./target/layout.js";

/**
 * Returns an operator that copies each interval's rows with DuckDB, in this process, into one Parquet partition
 * of a local directory.
 *
 * `submit` accepts a job and returns while it runs. A job dies with the process; the next attempt at its
 * interval removes what it left. Only the record inside a finished partition survives a restart.
 *
 * ```ts
 * const operator = jobRecorder(createDuckdbOperator(), "jobs.jsonl");
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function createDuckdbOperator(options: DuckdbOperatorOptions = {}): DefinedOperator {
  return defineOperator(new DuckdbJobs(settingsOf(options)));
}

class DuckdbJobs implements OperatorDefinition<DuckdbJob> {
  readonly type = "duckdb";
  readonly jobSchema = jobSchema;
  readonly #settings: Settings;
  readonly #slots: Slots;
  /** Runs one job at a time per interval of a target. */
  readonly #intervals = new Turns();
  /** Publishes one partition at a time per target. */
  readonly #targets = new Turns();
  readonly #jobs = new JobTable();
  #isStopped = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#slots = new Slots(settings.maxParallelJobs);
  }

  notes({ source }: DuckdbJob): readonly string[] {
    const minAgeMs = source?.minAgeMs ?? 0;
    if (minAgeMs === 0) return [];
    return [
      `job.source.minAgeMs: an attempt fails while a file is younger than ${minAgeMs} ms, so maxAttempts and backoff must outlast that.`,
    ];
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Cancels the running jobs and waits for them to end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#jobs.stopAll(new OperatorError("JOB_CANCELLED", "The operator stops."));
  }

  check(job: DuckdbJob): void {
    checkJob(job, this.#settings);
  }

  /**
   * Accepts a job, which waits for its turn if too many are running. A job that is already running is not
   * started again.
   *
   * @throws OperatorError JOB_INVALID with the offending field
   * @throws OperatorError NOT_RUNNING after `stop`
   */
  async submit(call: JobCall<DuckdbJob>, context: JobContext): Promise<SubmittedJob> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The duckdb operator has been stopped.");
    const task = taskOf(call, this.#settings, context.dirtyData);
    context.signal.throwIfAborted();
    this.#jobs.start(task, context.signal, (signal) => this.#carryOut(task, signal));
    return { jobId: task.jobId, address: addressOf(task.layout) };
  }

  async find(call: JobCall<DuckdbJob>): Promise<SubmittedJob | undefined> {
    const { layout } = taskOf(call, this.#settings);
    const { idempotencyKey: key } = call.request;
    const running = this.#jobs.runningWith(key);
    if (running !== undefined) return { ...running, address: addressOf(layout) };
    const record = await this.#recordIn(layout);
    if (record?.idempotencyKey !== key) return this.#jobs.failedWith(key);
    return { jobId: record.jobId, address: addressOf(layout), outcome: outcomeOf(record) };
  }

  /**
   * @throws OperatorError JOB_FAILED when the job ended with the process that ran it
   * @throws the signal's reason when it is aborted; the job keeps running
   */
  async wait(jobId: string, call: JobCall<DuckdbJob>, context: JobContext): Promise<JobOutcome> {
    context.signal.throwIfAborted();
    const outcome = this.#jobs.outcomeOf(jobId);
    if (outcome !== undefined) return unlessAborted(outcome, context.signal);
    const record = await this.#recordIn(taskOf(call, this.#settings).layout);
    if (record?.jobId === jobId) return outcomeOf(record);
    throw new OperatorError("JOB_FAILED", `The job ${jobId} ended with the process that ran it.`);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#jobs.stop(jobId, new OperatorError("JOB_CANCELLED", "The job was cancelled."));
  }

  async #carryOut(task: Task, signal: AbortSignal): Promise<JobOutcome> {
    try {
      const copied = await this.#intervals.use(task.layout.partition, signal, () =>
        this.#slots.use(signal, () =>
          copyInterval(task, { settings: this.#settings, turns: this.#targets, signal }),
        ),
      );
      return { state: "SUCCEEDED", ...copied };
    } catch (error) {
      return outcomeOfError(error, signal);
    }
  }

  /** Returns the record of the job that wrote an interval's partition, whichever job that was. */
  async #recordIn(layout: Layout): Promise<CommitRecord | undefined> {
    const session = await Session.open(this.#settings, new AbortController().signal);
    try {
      return await readRecord(session, layout.file);
    } finally {
      session.close();
    }
  }
}

/** Returns the address where a person finds what a job writes. */
function addressOf(layout: Layout): string {
  return pathToFileURL(layout.partition).href;
}
