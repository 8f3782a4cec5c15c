import { pathToFileURL } from "node:url";
import { type BoundaryType, OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import type { OffsetSource } from "@tidegate/core/offset";
import type {
  JobContext,
  JobLog,
  JobOutcome,
  JobSplit,
  LogContext,
  RowCounts,
  ShardResult,
  SplitContext,
  SubmittedJob,
  VerifyContext,
  WriteEffect,
} from "@tidegate/core/operator";
import {
  type DefinedOperator,
  defineOperator,
  invalidJob,
  type JobCall,
  LogLines,
  type OperatorDefinition,
} from "@tidegate/operator-kit";
import { failureOf, outcomeOfError } from "./duckdb/failure.js";
import { type DuckdbJob, isChanges } from "./job/job.js";
import { jobSchema } from "./job/job-schema.js";
import { notesOn } from "./job/notes.js";
import { requirePositional } from "./job/positional.js";
import { requireSameSource } from "./job/same-source.js";
import { type DuckdbOperatorOptions, type Settings, settingsOf } from "./options.js";
import { type Connections, connectionsOf } from "./postgres/connections.js";
import { HeldSnapshots } from "./postgres/held-snapshots.js";
import { postgresDestination } from "./postgres/postgres-destination.js";
import { copyInterval } from "./run/copy-interval.js";
import { JobTable } from "./run/job-table.js";
import type { Surroundings } from "./run/surroundings.js";
import { checkJob, type Task, taskOf } from "./run/task.js";
import { Slots, Turns } from "./run/turns.js";
import { verifyInterval } from "./run/verify-interval.js";
import { mergeShards, mergingTask } from "./shard/merge-shards.js";
import { splitJob } from "./shard/split-job.js";
import { whyNotSplit } from "./shard/why-not-split.js";
import { outcomeOf } from "./target/commit-record.js";
import type { Destination } from "./target/destination.js";
import { parquetDestination } from "./target/parquet-destination.js";

/**
 * Returns an operator that copies each interval's rows with DuckDB, in this process, into one Parquet partition
 * of a local directory, or into a table of Postgres. Intervals are of time, or of positions.
 *
 * `submit` accepts a job and returns while it runs. A job dies with the process; the next attempt at its
 * interval removes what it left. Only the record that is committed with the rows survives a restart.
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
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly jobSchema = jobSchema;
  readonly #settings: Settings;
  readonly #slots: Slots;
  /** Runs one job at a time per interval of a target. */
  readonly #intervals = new Turns();
  /** Publishes one partition at a time per target. */
  readonly #targets = new Turns();
  readonly #jobs = new JobTable();
  readonly #connections: Connections;
  readonly #snapshots: HeldSnapshots;
  #isStopped = false;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#slots = new Slots(settings.maxParallelJobs);
    this.#connections = connectionsOf(settings.secrets);
    this.#snapshots = new HeldSnapshots(settings.clock);
  }

  validateSource(job: DuckdbJob, source: OffsetSource): void {
    requirePositional(job);
    requireSameSource(job, source);
  }

  notes(job: DuckdbJob): readonly string[] {
    return notesOn(job);
  }

  writes({ target }: DuckdbJob): WriteEffect {
    return target.format === "postgres" ? target.write : "replace";
  }

  /** A full copy removes all older partitions, or deletes all rows of the table. */
  replacesTarget(job: DuckdbJob): boolean {
    return this.writes(job) === "replace";
  }

  /**
   * By positions a job always ends at its upper bound; by time only if it has a column or a parameter to end at. Changes
   * have no first copy: what there was before the slot is not among them.
   */
  canReadAt({ source, sql }: DuckdbJob, boundaryType: BoundaryType): boolean {
    if (source !== undefined && isChanges(source)) return false;
    if (boundaryType === "OFFSET") return true;
    if (source === undefined) return /\$upper(_ms)?\b/i.test(sql ?? "");
    return "timeColumn" in source && source.timeColumn !== undefined;
  }

  /** Rows that an upsert has left in the interval cannot be told from its own, nor hashed in Postgres. */
  cannotVerify({ source, target }: DuckdbJob, withChecksum: boolean): string | undefined {
    if (source !== undefined && isChanges(source)) return "job.source is a slot, which forgets what was read";
    if (target.format !== "postgres") return undefined;
    if (target.write === "upsert")
      return "job.target.write is upsert, which leaves rows of other runs in the interval";
    return withChecksum ? "job.target is in Postgres, whose rows are counted but not hashed" : undefined;
  }

  /** @throws JobFailure when a side cannot be read */
  async verify(call: JobCall<DuckdbJob>, { signal, withChecksum }: VerifyContext): Promise<RowCounts> {
    const task = taskOf(call, this.#settings);
    return this.#throwing(signal, () =>
      this.#inTurn(task, signal, new LogLines(), (surroundings) =>
        verifyInterval(task, this.#destinationOf(task.job), surroundings, withChecksum),
      ),
    );
  }

  canSplit(job: DuckdbJob): boolean {
    return whyNotSplit(job) === undefined;
  }

  cannotSplit(job: DuckdbJob): string | undefined {
    const why = whyNotSplit(job);
    return why && `${why.field} ${why.problem}`;
  }

  /**
   * @throws OperatorError JOB_INVALID for a job that cannot be split
   * @throws JobFailure when the source cannot be read
   */
  async split(call: JobCall<DuckdbJob>, { signal, target }: SplitContext): Promise<JobSplit> {
    const problem = whyNotSplit(call.job);
    if (problem !== undefined) throw invalidJob(problem.field, problem.problem);
    const task = taskOf(call, this.#settings);
    return this.#throwing(signal, () =>
      splitJob(task, target, { ...this.#surroundings(signal), log: () => {} }),
    );
  }

  /** @throws JobFailure when the target cannot be written */
  async merge(
    call: JobCall<DuckdbJob>,
    results: readonly ShardResult[],
    { signal }: JobContext,
  ): Promise<void> {
    const task = mergingTask(taskOf(call, this.#settings), results);
    await this.#snapshots.release(task.runId);
    await this.#throwing(signal, () =>
      this.#inTurn(task, signal, new LogLines(), (surroundings) =>
        mergeShards(task, results, this.#destinationOf(task.job), surroundings),
      ),
    );
  }

  async start(): Promise<void> {
    this.#isStopped = false;
  }

  /** Cancels the running jobs and waits for them to end. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#jobs.stopAll(new OperatorError("JOB_CANCELLED", "The operator stops."));
    await this.#snapshots.stop();
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
    this.#jobs.start(task, context.signal, (signal, lines) =>
      this.#snapshots.use(task.runId, () => this.#carryOut(task, signal, lines)),
    );
    return { jobId: task.jobId, ...addressOf(task) };
  }

  async find(call: JobCall<DuckdbJob>): Promise<SubmittedJob | undefined> {
    const task = taskOf(call, this.#settings);
    const { idempotencyKey: key } = task;
    const running = this.#jobs.runningWith(key);
    if (running !== undefined) return { ...running, ...addressOf(task) };
    const record = await this.#destinationOf(call.job).record(task, new AbortController().signal);
    if (record?.idempotencyKey !== key) return this.#jobs.failedWith(key);
    return { jobId: record.jobId, ...addressOf(task), outcome: outcomeOf(record) };
  }

  /**
   * @throws OperatorError JOB_FAILED when the job ended with the process that ran it
   * @throws the signal's reason when it is aborted; the job keeps running
   */
  async wait(jobId: string, call: JobCall<DuckdbJob>, context: JobContext): Promise<JobOutcome> {
    context.signal.throwIfAborted();
    const outcome = this.#jobs.outcomeOf(jobId);
    if (outcome !== undefined) return unlessAborted(outcome, context.signal);
    const task = taskOf(call, this.#settings);
    const record = await this.#destinationOf(call.job).record(task, context.signal);
    if (record?.jobId === jobId) return outcomeOf(record);
    throw new OperatorError("JOB_FAILED", `The job ${jobId} ended with the process that ran it.`);
  }

  async logs(jobId: string, _call: JobCall<DuckdbJob>, { after }: LogContext): Promise<JobLog> {
    return this.#jobs.logOf(jobId, after);
  }

  async cancel(jobId: string): Promise<void> {
    await this.#jobs.stop(jobId, new OperatorError("JOB_CANCELLED", "The job was cancelled."));
  }

  async #carryOut(task: Task, signal: AbortSignal, lines: LogLines): Promise<JobOutcome> {
    try {
      const copied = await this.#inTurn(task, signal, lines, (surroundings) =>
        copyInterval(task, this.#destinationOf(task.job), surroundings),
      );
      return this.#withLog({ state: "SUCCEEDED", ...copied }, lines);
    } catch (error) {
      const outcome = outcomeOfError(error, signal);
      lines.add(`${outcome.error!.code}: ${outcome.error!.message}`);
      return this.#withLog(outcome, lines);
    }
  }

  /** Nobody reads the log of a run that has simply succeeded, and to keep it would cost each run a write. */
  #withLog(outcome: JobOutcome, { log }: LogLines): JobOutcome {
    const isTrouble = outcome.state !== "SUCCEEDED" || (outcome.metrics?.rowsDirty ?? 0) > 0;
    const isKept = isTrouble || this.#settings.logs === "all";
    return log === undefined || !isKept ? outcome : { ...outcome, log };
  }

  /** Runs work as the only one at its interval, when there is a slot. */
  #inTurn<T>(
    task: Task,
    signal: AbortSignal,
    lines: LogLines,
    work: (surroundings: Surroundings) => Promise<T>,
  ): Promise<T> {
    const surroundings = { ...this.#surroundings(signal), log: (text: string) => lines.add(text) };
    return this.#intervals.use(task.layout.work, signal, () =>
      this.#slots.use(signal, () => work(surroundings)),
    );
  }

  #surroundings(signal: AbortSignal): Omit<Surroundings, "log"> {
    return {
      settings: this.#settings,
      turns: this.#targets,
      connections: this.#connections,
      snapshots: this.#snapshots,
      signal,
    };
  }

  /** Does work outside of a job, whose errors are thrown as the failures that jobs would end with. */
  async #throwing<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(outcomeOfError(error, signal));
    }
  }

  #destinationOf({ target }: DuckdbJob): Destination {
    return target.format === "postgres"
      ? postgresDestination(target, this.#connections)
      : parquetDestination(this.#settings);
  }
}

/** Returns the address where a person finds what a job writes, if it is a directory. */
function addressOf({ job, layout }: Task): Pick<SubmittedJob, "address"> {
  return job.target.format === "postgres" ? {} : { address: pathToFileURL(layout.partition).href };
}
