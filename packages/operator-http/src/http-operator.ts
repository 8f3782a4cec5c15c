import { OperatorError } from "@tidegate/core";
import {
  type JobContext,
  type JobLog,
  type JobOutcome,
  type LogContext,
  logAfter,
  type SubmittedJob,
} from "@tidegate/core/operator";
import { type DefinedOperator, defineOperator, type OperatorDefinition } from "@tidegate/operator-kit";
import { bounded } from "@tidegate/rest-client";
import { AddressGuard } from "./address/address-guard.js";
import { CallbackHandler, type CallbackResponse, refusal } from "./callback/callback-handler.js";
import type { CallbackRequest } from "./callback/callback-request.js";
import { JobEnds, type Wanted } from "./callback/job-ends.js";
import { runName, runNames } from "./callback/run-names.js";
import { GuardedClient } from "./http/guarded-client.js";
import { checkJob } from "./job/check-job.js";
import type { HttpJob } from "./job/job.js";
import { jobSchema } from "./job/job-schema.js";
import { notesOf } from "./job/notes.js";
import { type HttpOperatorOptions, type Settings, settingsOf } from "./options.js";
import { Secrets } from "./secrets/secrets.js";
import { type JobReport, outcomeOf } from "./service/answer.js";
import { type Call, pollIntervalMs, questionTimeoutMs } from "./service/call.js";
import { formatHandle, type JobHandle, parseHandle } from "./service/job-handle.js";
import { JobService } from "./service/job-service.js";
import { OpenSubmission } from "./service/open-submission.js";
import { pollUntilEnded } from "./service/poll.js";
import { findTarget, statusTarget, type Target } from "./service/target.js";

/**
 * The signer of ends that came in the response to a submission. Secrets have nonempty names, so none can be
 * called this.
 */
const BY_ANSWER = "";

/** The operator `http`: a `ScheduleOperator` that takes callbacks, whatever server received them. */
export interface HttpOperator extends DefinedOperator {
  /**
   * Handles a callback. Never throws.
   *
   * 200 `delivered`, `duplicate` or `noted`, 202 `kept`; 400 not a callback, 401 not signed correctly, 404
   * callbacks are not configured, 413 too long, 503 temporarily unavailable.
   */
  handleCallback(request: CallbackRequest): Promise<CallbackResponse>;
}

/**
 * Returns an operator that posts a run's request to any service and learns how the job ends: from
 * the response, by polling, or by a signed callback.
 *
 * A service must treat a repeated `Idempotency-Key` as the same job while that runs or has succeeded: a
 * submission whose response was lost is repeated, unless the job can be looked up (`job.findUrl`).
 *
 * ```ts
 * const operator = jobRecorder(createHttpOperator({ allow: ["jobs.internal"] }), "jobs.jsonl");
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function createHttpOperator(options: HttpOperatorOptions): HttpOperator {
  const jobs = new HttpJobs(settingsOf(options));
  return { ...defineOperator(jobs), handleCallback: (request) => jobs.handleCallback(request) };
}

class HttpJobs implements OperatorDefinition<HttpJob> {
  readonly type = "http";
  readonly boundaryTypes = ["TIME", "OFFSET"] as const;
  readonly jobSchema = jobSchema;
  readonly #settings: Settings;
  readonly #guard: AddressGuard;
  readonly #secrets: Secrets;
  readonly #service: JobService;
  readonly #ends: JobEnds;
  readonly #callbacks: CallbackHandler;
  /** Aborted by `stop`. */
  #lifetime = new AbortController();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#guard = new AddressGuard(settings.addresses);
    this.#secrets = new Secrets(settings.secrets);
    const client = new GuardedClient(this.#guard, settings);
    this.#service = new JobService(client, this.#secrets, settings);
    this.#ends = new JobEnds(settings.callbacks.maxKept);
    this.#callbacks = new CallbackHandler(settings.callbacks, {
      secrets: this.#secrets,
      ends: this.#ends,
      clock: settings.clock,
    });
  }

  async start(): Promise<void> {
    if (this.#lifetime.signal.aborted) this.#lifetime = new AbortController();
  }

  /** Aborts requests and waits; the jobs continue at their services. */
  async stop(): Promise<void> {
    this.#lifetime.abort(new OperatorError("NOT_RUNNING", "The http operator has been stopped."));
  }

  /**
   * @throws OperatorError ADDRESS_NOT_ALLOWED with the field and the host
   * @throws OperatorError SECRET_NOT_ALLOWED with the field, when a secret is not for this use or these hosts
   */
  check(job: HttpJob): void {
    checkJob(job, {
      guard: this.#guard,
      secrets: this.#secrets,
      callbackSecrets: this.#settings.callbacks.secrets,
    });
  }

  /**
   * Warns that a job may be done twice, or run unobserved, unless its service does more than the job asks of
   * it.
   */
  notes(job: HttpJob): readonly string[] {
    return notesOf(job);
  }

  /**
   * @throws OperatorError JOB_INVALID for a job that the service rejects as it is
   * @throws OperatorError JOB_FAILED when the service could not be reached, or refused the request for now
   * @throws Error when the request was sent, and it is unknown whether the service took the job
   */
  async submit(call: Call, { signal }: JobContext): Promise<SubmittedJob> {
    this.#ends.forgetFailures(namesOf(call));
    const report = await this.#service.submit(call, [signal, this.#lifetime.signal]);
    const job = this.#taken(call, report, answerAsEnd(call, report));
    if (job.outcome === undefined && !hasWayToLearn(call, parseHandle(job.jobId))) {
      // The service took the job: another attempt would run it twice, and end here again.
      throw new OpenSubmission(noWayToLearn(job.jobId), { isRetryable: false });
    }
    return job;
  }

  /**
   * Returns the job that the service has under the key, if the schedule's job says how to ask; otherwise the
   * one whose callback has already arrived; otherwise `undefined`, so a repeated submission relies on the
   * `Idempotency-Key`.
   */
  async find(call: Call): Promise<SubmittedJob | undefined> {
    const signals = [this.#lifetime.signal];
    const end = this.#ends.get({ names: namesOf(call), jobId: undefined });
    // A reported failure may be an earlier attempt's, so ask the service if possible.
    if (end !== undefined && (end.outcome.state === "SUCCEEDED" || findTarget(call) === undefined)) {
      const outcome = await this.#redacted(call, end.outcome, signals);
      return { jobId: this.#secrets.redact(end.jobId ?? call.request.idempotencyKey), outcome };
    }
    const report = await this.#service.find(call, signals);
    return report === undefined ? undefined : this.#taken(call, report, outcomeOf(report));
  }

  /**
   * Returns whether the service can be asked, which takes `job.findUrl`; without it a repeated submission
   * joins the job by its key.
   */
  canFind({ findUrl }: HttpJob): boolean {
    return findUrl !== undefined;
  }

  /**
   * @throws Error when queries went unanswered for too long, or there is no address to query
   * @throws the signal's reason when it is aborted; the job keeps running
   */
  async wait(jobId: string, call: Call, { signal }: JobContext): Promise<JobOutcome> {
    const signals = [signal, this.#lifetime.signal];
    const outcome = await bounded({ signals }, (either) => this.#end(call, parseHandle(jobId), either));
    return this.#redacted(call, outcome, signals);
  }

  /** Returns the lines that the service has reported with the job's end, or reports with its state. */
  async logs(jobId: string, call: Call, { after, signal }: LogContext): Promise<JobLog> {
    const signals = [signal, this.#lifetime.signal];
    const handle = parseHandle(jobId);
    const end = this.#ends.get(wantedEnd(call, handle));
    const known = end === undefined ? undefined : (await this.#redacted(call, end.outcome, signals)).log;
    const log = known ?? (await this.#service.log(call, handle, signals));
    return logAfter(log ?? { lines: [] }, after);
  }

  /** Resolves when the service has acknowledged; does nothing if the job has no `cancelUrl`. */
  async cancel(jobId: string, call: Call): Promise<void> {
    await this.#service.cancel(call, parseHandle(jobId), [this.#lifetime.signal]);
  }

  async handleCallback(request: CallbackRequest): Promise<CallbackResponse> {
    if (this.#settings.callbacks.secrets.length === 0) {
      return refusal(404, "CONFIGURATION_INVALID", "Callbacks are not configured.");
    }
    if (this.#lifetime.signal.aborted) return refusal(503, "NOT_RUNNING", "The operator has been stopped.");
    return this.#callbacks.handle(request);
  }

  /** Returns the end from whichever reports it first: a callback, or the service when it is queried. */
  async #end(call: Call, handle: JobHandle, signal: AbortSignal): Promise<JobOutcome> {
    const wanted = wantedEnd(call, handle);
    const known = this.#ends.get(wanted);
    if (known !== undefined) return known.outcome;
    if (!hasWayToLearn(call, handle)) throw new Error(noWayToLearn(handle.id));
    const target = statusTarget(call, handle);
    const told = this.#ends.when(wanted, signal);
    return target === undefined ? told : Promise.race([told, this.#polled(call, target, signal)]);
  }

  #polled(call: Call, target: Target, signal: AbortSignal): Promise<JobOutcome> {
    const { clock, unreachableMs } = this.#settings;
    return pollUntilEnded(
      async () => {
        const report = await this.#service.status(call, target, signal);
        const { retryAfterMs = 0 } = report;
        return outcomeOf(report) ?? { retryAfterMs };
      },
      { clock, intervalMs: pollIntervalMs(call), unreachableMs },
      signal,
    );
  }

  #taken(call: Call, report: JobReport, outcome: JobOutcome | undefined): SubmittedJob {
    const { idempotencyKey } = call.request;
    const { jobId, statusUrl, address } = report;
    if (outcome !== undefined) this.#ends.put(runName(BY_ANSWER, { idempotencyKey }), { jobId, outcome });
    const keepsStatusUrl = statusUrl !== undefined && call.job.statusUrl === undefined;
    return {
      jobId: formatHandle({ id: jobId ?? idempotencyKey, ...(keepsStatusUrl ? { statusUrl } : {}) }),
      ...(address === undefined ? {} : { address }),
      ...(outcome === undefined ? {} : { outcome }),
    };
  }

  /** A callback may have arrived before this process had read the secrets that its text could repeat. */
  async #redacted(call: Call, outcome: JobOutcome, signals: readonly AbortSignal[]): Promise<JobOutcome> {
    const { error, log } = outcome;
    if (error === undefined && log === undefined) return outcome;
    const { secretRef, auth } = call.job;
    const names = [secretRef, auth?.secretRef].filter((name) => name !== undefined);
    await bounded({ signals, timeoutMs: questionTimeoutMs(call), clock: this.#settings.clock }, (signal) =>
      Promise.allSettled(names.map((name) => this.#secrets.resolve(name, signal))),
    );
    return {
      ...outcome,
      ...(error === undefined ? {} : { error: this.#redactedError(error) }),
      ...(log === undefined
        ? {}
        : { log: { ...log, lines: log.lines.map((line) => this.#secrets.redact(line)) } }),
    };
  }

  #redactedError(error: NonNullable<JobOutcome["error"]>): NonNullable<JobOutcome["error"]> {
    const code = this.#secrets.redact(error.code);
    return { code: code === error.code ? code : "JOB_FAILED", message: this.#secrets.redact(error.message) };
  }
}

/**
 * Returns the end that the response to a submission reports: with completion `response`, any 2xx is one
 * unless it says otherwise.
 */
function answerAsEnd(call: Call, report: JobReport): JobOutcome | undefined {
  const isEnd = call.job.completion === "response" && report.state === undefined;
  return outcomeOf(isEnd ? { ...report, state: "SUCCEEDED" } : report);
}

function hasWayToLearn(call: Call, handle: JobHandle): boolean {
  return call.job.completion === "callback" || statusTarget(call, handle) !== undefined;
}

function noWayToLearn(jobId: string): string {
  return `The end of job ${jobId} cannot be learned: the service gave no statusUrl; say where to ask in job.statusUrl.`;
}

function namesOf({ request, job }: Call): string[] {
  const signers = job.secretRef === undefined ? [BY_ANSWER] : [BY_ANSWER, job.secretRef];
  return signers.flatMap((signer) => runNames(signer, request));
}

/** Matches ends by the service's own id; if it gave none, any end of the run matches. */
function wantedEnd(call: Call, { id }: JobHandle): Wanted {
  return { names: namesOf(call), jobId: id === call.request.idempotencyKey ? undefined : id };
}
