import { pathToFileURL } from "node:url";
import {
  type JobContext,
  type JobOutcome,
  type JsonObject,
  type OfflineJobRequest,
  OperatorError,
  type ScheduleOperator,
  type SubmittedJob,
} from "@tidegate/core";
import { outcomeOfError } from "./duckdb/failure.js";
import { Session } from "./duckdb/session.js";
import { parseJob } from "./job/parse-job.js";
import { type DuckdbOperatorOptions, type Settings, settingsOf } from "./options.js";
import { copyInterval } from "./run/copy-interval.js";
import { JobTable } from "./run/job-table.js";
import { checkJob, type Task, taskOf } from "./run/task.js";
import { Slots, Turns } from "./run/turns.js";
import { unlessAborted } from "./run/unless-aborted.js";
import { type CommitRecord, outcomeOf, readRecord } from "./target/commit-record.js";
import type { Layout } from "./target/layout.js";

/**
 * Operator that copies each interval's rows with DuckDB, in this process, into one Parquet partition of a
 * local directory.
 *
 * `submit` accepts a job and returns while it runs. A job dies with the process; the next attempt at its
 * interval removes what it left. Only the record inside a finished partition survives a restart.
 */
export class DuckdbOperator implements ScheduleOperator {
  readonly operatorType = "duckdb";
  readonly #settings: Settings;
  readonly #slots: Slots;
  /** Runs one job at a time per interval of a target. */
  readonly #intervals = new Turns();
  /** Publishes one partition at a time per target. */
  readonly #targets = new Turns();
  readonly #jobs = new JobTable();
  #isStopped = false;

  /** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
  constructor(options: DuckdbOperatorOptions = {}) {
    this.#settings = settingsOf(options);
    this.#slots = new Slots(this.#settings.maxParallelJobs);
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Cancels the running jobs and waits for them to end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#jobs.stopAll(new OperatorError("JOB_CANCELLED", "The operator stops."));
  }

  validate(job: JsonObject): void {
    checkJob(parseJob(job), this.#settings);
  }

  /**
   * Accepts a job, which waits for its turn if too many are running. A job that is already running is not
   * started again.
   *
   * @throws OperatorError JOB_INVALID with the offending field
   * @throws OperatorError NOT_RUNNING after `stop`
   */
  async submit(request: OfflineJobRequest, context: JobContext): Promise<SubmittedJob> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The duckdb operator has been stopped.");
    const task = taskOf(request, this.#settings, context.dirtyData);
    context.signal.throwIfAborted();
    this.#jobs.start(task, context.signal, (signal) => this.#carryOut(task, signal));
    return { jobId: task.jobId, address: addressOf(task.layout) };
  }

  async find(key: string, request: OfflineJobRequest): Promise<SubmittedJob | undefined> {
    const { layout } = taskOf(request, this.#settings);
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
  async wait(jobId: string, request: OfflineJobRequest, context: JobContext): Promise<JobOutcome> {
    context.signal.throwIfAborted();
    const outcome = this.#jobs.outcomeOf(jobId);
    if (outcome !== undefined) return unlessAborted(outcome, context.signal);
    const record = await this.#recordIn(taskOf(request, this.#settings).layout);
    if (record?.jobId === jobId) return outcomeOf(record);
    throw new OperatorError("JOB_FAILED", `The job ${jobId} ended with the process that ran it.`);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#jobs.stop(jobId, new OperatorError("JOB_CANCELLED", "The job was cancelled."));
  }

  async #carryOut(task: Task, signal: AbortSignal): Promise<JobOutcome> {
    try {
      const metrics = await this.#intervals.use(task.layout.partition, signal, () =>
        this.#slots.use(signal, () =>
          copyInterval(task, { settings: this.#settings, turns: this.#targets, signal }),
        ),
      );
      return { state: "SUCCEEDED", metrics };
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
