import { OperatorError } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import {
  boundedLog,
  type JobContext,
  type JobLog,
  type JobOutcome,
  type JobSplit,
  type LogContext,
  logAfter,
  type SplitContext,
  type SubmittedJob,
  type WriteEffect,
} from "@tidegate/core/operator";
import {
  type DefinedOperator,
  defineOperator,
  invalidJob,
  type JobCall,
  type PreparingDefinition,
  shortenedCause,
  writeEffectOf,
} from "@tidegate/operator-kit";
import { bounded } from "@tidegate/rest-client";
import { JarLibrary } from "./jar/jar-library.js";
import type { FlinkJob } from "./job/job.js";
import { jobSchema } from "./job/job-schema.js";
import { notesOn } from "./job/notes.js";
import { checkText } from "./job/plain-text.js";
import { requireSameSource } from "./job/same-source.js";
import { checkTable } from "./materialized-table/check-table.js";
import { refreshOf } from "./materialized-table/refresh.js";
import { type FlinkOperatorOptions, type Settings, settingsOf } from "./options.js";
import { NoAnswer, Refused, RestEndpoint } from "./rest/http.js";
import { JobManager } from "./rest/job-manager.js";
import { SqlGateway } from "./rest/sql-gateway.js";
import { isJobId, jobIdOf } from "./run/job-id.js";
import { refusal, submitOnce, unreachable, unwatched } from "./run/submission.js";
import {
  argumentField,
  fillingOf,
  jarRunOf,
  lostOutcome,
  type Task,
  taskOf,
  type Work,
  workOf,
} from "./run/task.js";
import { checkSql } from "./sql/check-sql.js";
import { rerunOfSql } from "./sql/rerun-of-sql.js";
import { Sessions } from "./sql/sessions.js";
import { SqlRunner } from "./sql/sql-runner.js";
import { splitSync } from "./sync/split-sync.js";
import { FlinkWatch } from "./watch/flink-watch.js";

/** Longest time that a cancelled job may take to end, ms. */
const CANCEL_LIMIT_MS = 60_000;

/**
 * Returns an operator that runs each interval as a batch job of Apache Flink: a program in a jar, Flink SQL, a
 * copy between two connectors, or the refresh of a materialized table.
 *
 * A job's Flink id is derived from the run's key, and Flink accepts an id only once. So a submission whose
 * response was lost can be repeated, and anyone who knows the key can find the run's job.
 *
 * ```ts
 * const operator = jobRecorder(createFlinkOperator({ url: "http://flink:8081" }), "jobs.jsonl");
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function createFlinkOperator(options: FlinkOperatorOptions): DefinedOperator {
  return defineOperator(new FlinkJobs(settingsOf(options)));
}

class FlinkJobs implements PreparingDefinition<FlinkJob, Work> {
  readonly type = "flink";
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly jobSchema = jobSchema;
  readonly #settings: Settings;
  readonly #jobManager: JobManager;
  readonly #jars: JarLibrary;
  readonly #sessions: Sessions | undefined;
  readonly #sql: SqlRunner | undefined;
  readonly #watch: FlinkWatch;
  #isStopped = false;

  constructor(settings: Settings) {
    const http = { headers: settings.headers, timeoutMs: settings.requestTimeoutMs };
    this.#settings = settings;
    this.#jobManager = new JobManager(new RestEndpoint(settings.url, http));
    this.#jars = new JarLibrary(this.#jobManager, settings.jarFolders);
    this.#watch = new FlinkWatch(this.#jobManager, settings);
    if (settings.gatewayUrl !== undefined) {
      const gateway = new SqlGateway(new RestEndpoint(settings.gatewayUrl, http));
      this.#sessions = new Sessions(gateway, settings);
      this.#sql = new SqlRunner({ ...settings, gateway, sessions: this.#sessions });
    }
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    this.#sessions?.open();
  }

  /** Ends all waits and closes the SQL sessions; the jobs continue on Flink. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#watch.close();
    await this.#sessions?.close();
  }

  prepare(job: FlinkJob): Work {
    return workOf(job, this.#settings.connectors);
  }

  check(work: Work): void {
    if (work.kind === "jar") {
      this.#jars.locate(work.job.path);
      work.job.programArgs?.forEach((argument, index) => {
        checkText(argument, argumentField(index), "a program's arguments");
      });
      return;
    }
    const hasSecret = (name: string): boolean => Object.hasOwn(this.#settings.secrets, name);
    this.#requireGateway(work.field);
    if (work.kind === "sql") checkSql(work.job, work.field, hasSecret);
    else checkTable(work.job, work.field, hasSecret);
  }

  validateSource(work: Work, source: OffsetSource): void {
    requireSameSource(work, source, this.#settings.connectors);
  }

  /** Warns if a second run doubles rows, or if a job does not use its interval. */
  notes(work: Work): readonly string[] {
    return notesOn(work);
  }

  writes(work: Work): WriteEffect | undefined {
    if (work.kind === "materializedTable") return "replace";
    return writeEffectOf(work.kind === "sql" ? rerunOfSql(work.job) : work.job.rerun);
  }

  /** Folders and partitions of earlier intervals stay; only the refresh of a whole table leaves nothing of them. */
  replacesTarget(work: Work): boolean {
    const partition = work.kind === "materializedTable" ? work.job.partition : undefined;
    return partition !== undefined && Object.keys(partition).length === 0;
  }

  canSplit(work: Work): boolean {
    return work.kind === "sql" && work.split !== undefined;
  }

  cannotSplit(work: Work): string | undefined {
    if (this.canSplit(work)) return undefined;
    return "shards need a copy (job.sync) from a source of connector jdbc to a sink that replaces rows by key";
  }

  /** Divides a copy from a database; each shard is a job of Flink of its own. */
  async split(call: JobCall<Work>, { target }: SplitContext): Promise<JobSplit> {
    const { job: work } = call;
    if (work.kind !== "sql" || work.split === undefined) throw invalidJob("job", "cannot be split");
    return { shards: splitSync(work.split, fillingOf(call), target) };
  }

  /**
   * Submits the job, or joins the one of an earlier attempt of the run that is still running or has
   * succeeded.
   *
   * @throws OperatorError JOB_INVALID for what Flink cannot run, JOB_FAILED when it did not take the job for
   * another reason
   * @throws OperatorError NOT_RUNNING after `stop`
   * @throws Error when it is unknown whether Flink took the job
   */
  async submit(call: JobCall<Work>, { signal }: JobContext): Promise<SubmittedJob> {
    const task = taskOf(call);
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The flink operator has been stopped.");
    signal.throwIfAborted();
    const jobId = await this.#submitOrJoin(task, call.request, signal);
    if (signal.aborted) {
      // The caller has given up and does not know the job's id. The next manager finds a job that a stopping
      // one leaves behind.
      if (!this.#isStopped) await this.#jobManager.cancel(jobId).catch(() => undefined);
      throw signal.reason;
    }
    return this.#submitted(jobId);
  }

  /**
   * Returns the job of the newest attempt that is running or has succeeded; else that of the newest attempt
   * that ended otherwise.
   */
  async find({ request, job: work }: JobCall<Work>): Promise<SubmittedJob | undefined> {
    const { idempotencyKey: key, attempt } = request;
    let failed: SubmittedJob | undefined;
    for (let n = attempt; n >= 1; n -= 1) {
      const jobId = jobIdOf(key, n);
      const end = await this.#watch.now(jobId);
      if (end === undefined) return this.#submitted(jobId);
      if (end === "lost") continue;
      const found = { ...this.#submitted(jobId), outcome: await this.#outcome(jobId, end, work) };
      if (end.state === "SUCCEEDED") return found;
      failed ??= found;
    }
    return failed;
  }

  /**
   * Waits for a job's end. A job that Flink has forgotten ends as failed; the job's policy (`onLost`) decides
   * whether it is run again.
   *
   * @throws Error when Flink has not responded for too long
   * @throws the signal's reason when it is aborted; the job keeps running
   */
  async wait(jobId: string, { job: work }: JobCall<Work>, { signal }: JobContext): Promise<JobOutcome> {
    if (this.#isStopped) throw new OperatorError("NOT_RUNNING", "The flink operator has been stopped.");
    const end = await this.#watch.end(jobId, signal);
    return end === "lost" ? lostOutcome(work, jobId) : this.#outcome(jobId, end, work);
  }

  /** Returns the exceptions of a job, with those after which it has started over. */
  async logs(jobId: string, { job: work }: JobCall<Work>, { after }: LogContext): Promise<JobLog> {
    return logAfter(await this.#logOf(jobId, work), after);
  }

  /** @throws Error when Flink does not respond, or the job has not ended within a minute */
  async cancel(jobId: string): Promise<void> {
    await this.#jobManager.cancel(jobId);
    if (this.#isStopped) return;
    const bounds = { signals: [], timeoutMs: CANCEL_LIMIT_MS, clock: this.#settings.clock };
    await bounded(bounds, (signal) => this.#watch.end(jobId, signal));
  }

  /**
   * Submits a job, or joins one. A run that is retried by hand starts over with a first attempt, and Flink
   * may still know the jobs of earlier ones: if the found job has failed or was cancelled, the run's next id
   * is used.
   *
   * @returns the job's id
   */
  async #submitOrJoin(task: Task, request: JobCall<Work>["request"], signal: AbortSignal): Promise<string> {
    for (let attempt = request.attempt; ; attempt += 1) {
      const { jobId, isThere } = await this.#nextJob(request.idempotencyKey, attempt);
      if (isThere || (await this.#send(task, jobId, signal))) return jobId;
      const end = await this.#watch.now(jobId);
      if (end === undefined || end === "lost" || end.state === "SUCCEEDED") return jobId;
      signal.throwIfAborted();
    }
  }

  /**
   * Returns the id for an attempt's job. A running job is joined, and so is one that has succeeded, as in
   * `find`: it may have appeared after `find` looked. Otherwise it is the first of the run's ids that Flink
   * does not know, so that a submission still under way does not become a second job.
   */
  async #nextJob(key: string, attempt: number): Promise<{ jobId: string; isThere: boolean }> {
    let free: string | undefined;
    for (let n = 1; n < attempt; n += 1) {
      const jobId = jobIdOf(key, n);
      const end = await this.#asked(this.#watch.now(jobId));
      if (end === "lost") free ??= jobId;
      else if (end === undefined || end.state === "SUCCEEDED") return { jobId, isThere: true };
    }
    return { jobId: free ?? jobIdOf(key, attempt), isThere: false };
  }

  /** @returns `false` if Flink already had a job with the id */
  async #send(task: Task, jobId: string, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#settings;
    const { work, filling, name } = task;
    const parts = {
      jobManager: this.#jobManager,
      clock,
      field: work.kind === "jar" ? "job.jar" : work.field,
      signal,
    };
    if (work.kind === "jar") {
      const run = jarRunOf(work.job, task);
      const send = async () => {
        const jarId = await this.#jars.idOf(work.job.path);
        await this.#jobManager.run(jarId, { jobId, ...run });
      };
      return submitOnce(jobId, send, parts);
    }
    await this.#requireJobManager();
    if (work.kind === "materializedTable") {
      const { identifier, ...refresh } = refreshOf(work.job, filling, jobId);
      const sql = this.#requireGateway(work.field);
      return submitOnce(jobId, () => sql.refresh(work.job, identifier, refresh), parts);
    }
    const statement = { job: work.job, field: work.field, filling, jobId, name };
    const sql = this.#requireGateway(work.field);
    if (work.job.prepare !== undefined && (await this.#asked(this.#watch.now(jobId))) !== "lost")
      return false;
    const send = async () => {
      await sql.prepare(statement);
      await sql.submit(statement);
    };
    return submitOnce(jobId, send, parts);
  }

  #requireGateway(field: string): SqlRunner {
    if (this.#sql !== undefined) return this.#sql;
    throw invalidJob(field, "needs a SQL Gateway (option gatewayUrl)");
  }

  async #requireJobManager(): Promise<void> {
    try {
      await this.#jobManager.requireThere();
    } catch (error) {
      throw error instanceof NoAnswer || error instanceof Refused ? unwatched(error) : error;
    }
  }

  /** Returns the outcome of a job that has ended; if it has failed, with its exceptions as its log. */
  async #outcome(jobId: string, outcome: JobOutcome, work: Work): Promise<JobOutcome> {
    if (outcome.error === undefined) return outcome;
    const message = shortenedCause(await this.#redacted(outcome.error.message, work));
    const told = { ...outcome, error: { ...outcome.error, message } };
    if (outcome.state !== "FAILED") return told;
    const log = boundedLog(await this.#logOf(jobId, work));
    return log.lines.length === 0 ? told : { ...told, log };
  }

  async #logOf(jobId: string, work: Work): Promise<JobLog> {
    const text = isJobId(jobId) ? await this.#watch.exceptions(jobId) : undefined;
    if (text === undefined || text === "") return { lines: [] };
    return { lines: (await this.#redacted(text, work)).split("\n") };
  }

  /** Flink's texts may repeat what a connector was given. */
  async #redacted(text: string, work: Work): Promise<string> {
    if (work.kind === "jar" || this.#sql === undefined) return text;
    return this.#sql.redacted(text, work.job);
  }

  /** Awaits a query made before anything is submitted. */
  async #asked<T>(question: Promise<T>): Promise<T> {
    try {
      return await question;
    } catch (error) {
      if (error instanceof NoAnswer) throw unreachable(error);
      throw error instanceof Refused ? refusal(error, "job") : error;
    }
  }

  #submitted(jobId: string): SubmittedJob {
    return { jobId, address: `${this.#settings.webUrl}/#/job/running/${jobId}/overview` };
  }
}
