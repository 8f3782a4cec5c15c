import { OperatorError } from "@tidegate/core";
import { unlessAborted } from "@tidegate/core/clock";
import type { OffsetSource } from "@tidegate/core/offset";
import type { JobContext, JobOutcome, SubmittedJob, WriteEffect } from "@tidegate/core/operator";
import {
  type DefinedOperator,
  defineOperator,
  type JobCall,
  type JobWatch,
  type PreparingDefinition,
  readSecrets,
  rerunNotes,
  writeEffectOf,
} from "@tidegate/operator-kit";
import { clusterWatch } from "./cluster/cluster-watch.js";
import { JobEnding } from "./cluster/job-ending.js";
import { JobListing } from "./cluster/job-lists.js";
import { Submission } from "./cluster/submission.js";
import { type CheckedJob, checkedJob, configOf } from "./job/checked-job.js";
import type { SeaTunnelJob } from "./job/job.js";
import { jobSchema } from "./job/job-schema.js";
import { requireSameSource } from "./job/same-source.js";
import { withSubmissionTime } from "./job/submission-time.js";
import { jobsOf } from "./job-name.js";
import { type SeaTunnelOperatorOptions, type Settings, settingsOf } from "./options.js";
import { hasSucceeded, lostOutcome, outcomeOf } from "./outcome/outcome.js";
import { redaction, withhold } from "./outcome/redaction.js";
import type { ListedJob } from "./rest/listed-job.js";
import { SeaTunnelApi } from "./rest/seatunnel-api.js";

/**
 * Returns an operator that runs the jobs of intervals on a SeaTunnel Zeta cluster, over its REST API.
 *
 * SeaTunnel accepts the same submission twice, so each job's name is made of the run's key and attempt, and
 * is looked up among the running and the finished jobs before anything is submitted.
 *
 * ```ts
 * const operator = jobRecorder(createSeaTunnelOperator({ url: "http://seatunnel.internal:5801" }), "jobs.jsonl");
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function createSeaTunnelOperator(options: SeaTunnelOperatorOptions): DefinedOperator {
  return defineOperator(new SeaTunnelJobs(settingsOf(options)));
}

class SeaTunnelJobs implements PreparingDefinition<SeaTunnelJob, CheckedJob> {
  readonly type = "seatunnel";
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly jobSchema = jobSchema;
  readonly #settings: Settings;
  readonly #api: SeaTunnelApi;
  readonly #listing: JobListing;
  readonly #watch: JobWatch<ListedJob>;
  readonly #ending: JobEnding;
  /** Aborted by `stop`. */
  #lifetime = new AbortController();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#api = new SeaTunnelApi(settings);
    this.#listing = new JobListing(this.#api, settings.clock);
    this.#watch = clusterWatch(this.#listing, settings);
    this.#ending = new JobEnding(this.#api, this.#listing, this.#watch, settings.clock);
  }

  prepare(job: SeaTunnelJob): CheckedJob {
    return checkedJob(job, this.#settings);
  }

  validateSource({ job }: CheckedJob, source: OffsetSource): void {
    requireSameSource(job, source);
  }

  /** Does not contact the cluster, which may be unreachable now and back when a job is due. */
  async start(): Promise<void> {
    if (this.#lifetime.signal.aborted) this.#lifetime = new AbortController();
  }

  /** Aborts requests and waits; the jobs keep running. */
  async stop(): Promise<void> {
    this.#lifetime.abort(new OperatorError("NOT_RUNNING", "The seatunnel operator has been stopped."));
  }

  /** Warns if a second job of an interval doubles rows. */
  notes({ rerun }: CheckedJob): readonly string[] {
    return rerunNotes("job.rerun", rerun);
  }

  writes({ rerun }: CheckedJob): WriteEffect | undefined {
    return writeEffectOf(rerun);
  }

  /**
   * @throws OperatorError JOB_INVALID for a job that is malformed, or that SeaTunnel reports as such
   * @throws OperatorError JOB_FAILED when the cluster is unreachable, or refused the job
   * @throws OperatorError CONFIGURATION_INVALID when a secret cannot be read
   * @throws Error when the request was sent, and the job is not found
   */
  async submit(
    { request, job: checked }: JobCall<CheckedJob>,
    { signal }: JobContext,
  ): Promise<SubmittedJob> {
    const lifetime = this.#lifetime.signal;
    const submission = new Submission({
      api: this.#api,
      listing: this.#listing,
      ending: this.#ending,
      clock: this.#settings.clock,
      lifetime,
    });
    const secrets = await readSecrets(checked.secretNames, this.#settings.secrets);
    const filled = configOf(checked.job, request, secrets);
    const config = withSubmissionTime(filled, this.#settings.clock.now());
    const taken = await submission.carryOut({ request, config, redact: redaction(config, secrets), signal });
    return this.#submitted(taken.jobId, taken.ended, checked);
  }

  /**
   * Returns the job of the key that succeeded, else one that is running, else the latest that ended.
   *
   * @throws Error when the cluster cannot be queried
   */
  async find({ request, job: checked }: JobCall<CheckedJob>): Promise<SubmittedJob | undefined> {
    const { idempotencyKey: key } = request;
    const lists = await this.#listing.fresh(this.#lifetime.signal);
    const finished = jobsOf(key, await lists.finished());
    const [running] = jobsOf(key, lists.running);
    const ended = finished.find(hasSucceeded) ?? (running === undefined ? finished[0] : undefined);
    if (ended !== undefined) return this.#submitted(ended.jobId, ended, checked);
    return running === undefined ? undefined : this.#submitted(running.jobId, undefined, checked);
  }

  /**
   * @throws Error when the cluster is unreachable for longer than `unreachableMs`
   * @throws the signal's reason when it is aborted; the job keeps running
   */
  async wait(
    jobId: string,
    { job: checked }: JobCall<CheckedJob>,
    { signal }: JobContext,
  ): Promise<JobOutcome> {
    const deadlineMs = checked.job.deadlineMs ?? this.#settings.deadlineMs;
    const end = await unlessAborted(
      this.#ending.within(jobId, deadlineMs, { signal, lifetime: this.#lifetime.signal }),
      signal,
    );
    if (end.ended !== "lost" && (!end.isLate || hasSucceeded(end.ended))) {
      return this.#outcome(end.ended, checked);
    }
    return end.isLate ? lateOutcome(deadlineMs) : lostOutcome(checked);
  }

  /** Resolves when the job is in the list of ended ones, or in none. @throws Error when it does not stop */
  async cancel(jobId: string): Promise<void> {
    const { signal } = this.#lifetime;
    await this.#ending.stop(jobId, { signal, lifetime: signal });
  }

  async #submitted(jobId: string, ended: ListedJob | undefined, checked: CheckedJob): Promise<SubmittedJob> {
    const address = this.#api.addressOf(jobId);
    return {
      jobId,
      ...(address === undefined ? {} : { address }),
      ...(ended === undefined ? {} : { outcome: await this.#outcome(ended, checked) }),
    };
  }

  /** The secrets are read again: the job may be another process's. */
  async #outcome(ended: ListedJob, checked: CheckedJob): Promise<JobOutcome> {
    const { job, secretNames } = checked;
    const config = { env: job.env ?? {}, source: job.source, transform: job.transform ?? [], sink: job.sink };
    const redact = await readSecrets(secretNames, this.#settings.secrets).then(
      (secrets) => redaction(config, secrets),
      () => withhold,
    );
    return outcomeOf(ended, checked, redact);
  }
}

function lateOutcome(deadlineMs: number): JobOutcome {
  const message = `The job was stopped: it had run for ${deadlineMs} ms, its deadline (job.deadlineMs).`;
  return { state: "FAILED", error: { code: "JOB_TIMED_OUT", message } };
}
