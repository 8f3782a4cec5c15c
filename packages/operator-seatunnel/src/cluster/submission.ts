import { type JsonObject, OperatorError } from "@tidegate/core";
import { type Clock, pause, unlessAborted } from "@tidegate/core/clock";
import type { OfflineJobRequest, RetryAdvice } from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";
import { jobName, jobsOf } from "../job-name.js";
import { hasSucceeded } from "../outcome/outcome.js";
import type { Redact } from "../outcome/redaction.js";
import { Refused, Unanswered } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";
import type { SeaTunnelApi } from "../rest/seatunnel-api.js";
import type { JobEnding } from "./job-ending.js";
import type { JobListing } from "./job-lists.js";

/** A job that the cluster has taken. */
export interface TakenJob {
  readonly jobId: string;
  /** Set if it has already ended. */
  readonly ended?: ListedJob;
}

/** Input of a submission. */
export interface Submittal {
  readonly request: OfflineJobRequest;
  readonly config: JsonObject;
  readonly redact: Redact;
  readonly signal: AbortSignal;
}

/**
 * A job whose submission got no response is searched for after each of these pauses, ms: it may not be listed
 * yet.
 */
const SEARCH_PAUSES_MS = [0, 500, 1_000, 2_000];

/** Status codes of a gateway in front of the cluster, which may have taken the job. */
const GATEWAY = new Set([502, 503, 504]);

interface Parts {
  readonly api: SeaTunnelApi;
  readonly listing: JobListing;
  readonly ending: JobEnding;
  readonly clock: Clock;
  /** The operator's lifetime. */
  readonly lifetime: AbortSignal;
}

/** Submits a run's job to the cluster, once. */
export class Submission {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Returns the attempt's existing job, or one of the run that is still running or has succeeded, else a new
   * one.
   *
   * @throws OperatorError when no job was started
   * @throws Error when that is unknown
   * @throws the signal's reason when it is aborted; a job that was started all the same is stopped
   */
  async carryOut(submittal: Submittal): Promise<TakenJob> {
    const { request, signal } = submittal;
    signal.throwIfAborted();
    const known = await unlessAborted(this.#known(request).catch(asNothingTaken), signal);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const taken = this.#taken(submittal);
    try {
      return await unlessAborted(taken, signal);
    } catch (error) {
      if (signal.aborted) taken.then(({ jobId }) => this.#stop(jobId)).catch(() => {});
      throw error;
    }
  }

  async #stop(jobId: string): Promise<void> {
    const { ending, lifetime } = this.#parts;
    await ending.stop(jobId, { signal: lifetime, lifetime });
  }

  /** A job that did not succeed does not block another one of its attempt. */
  async #known(request: OfflineJobRequest): Promise<TakenJob | undefined> {
    const known = await this.#listed(request);
    return known?.ended === undefined || hasSucceeded(known.ended) ? known : undefined;
  }

  async #listed({ idempotencyKey, attempt }: OfflineJobRequest): Promise<TakenJob | undefined> {
    const lists = await this.#parts.listing.fresh(this.#parts.lifetime);
    const [running] = jobsOf(idempotencyKey, lists.running);
    if (running !== undefined) return { jobId: running.jobId };
    const name = jobName(idempotencyKey, attempt);
    const finished = jobsOf(idempotencyKey, await lists.finished());
    const ended = finished.find(hasSucceeded) ?? finished.find((job) => job.jobName === name);
    return ended === undefined ? undefined : { jobId: ended.jobId, ended };
  }

  async #taken({ request, config, redact }: Submittal): Promise<TakenJob> {
    const name = jobName(request.idempotencyKey, request.attempt);
    try {
      return { jobId: await this.#parts.api.submit(name, config, this.#parts.lifetime) };
    } catch (error) {
      this.#parts.lifetime.throwIfAborted();
      if (error instanceof Unanswered && !error.isSent) return asNothingTaken(error);
      if (error instanceof Refused && error.status < 500) throw refusal(error, redact);
      const pausesMs = hasFailed(error) ? [0] : SEARCH_PAUSES_MS;
      return (await this.#search(request, pausesMs)) ?? notFound(error, redact);
    }
  }

  /** Searches for the job of a submission that got no response. */
  async #search(request: OfflineJobRequest, pausesMs: readonly number[]): Promise<TakenJob | undefined> {
    for (const pauseMs of pausesMs) {
      await pause(this.#parts.clock, pauseMs, this.#parts.lifetime);
      const listed = await this.#listed(request).catch(() => undefined);
      if (listed !== undefined) return listed;
    }
    return undefined;
  }
}

/**
 * Converts the error of a check before the submission. @throws OperatorError JOB_FAILED, unless the error is
 * not the cluster's
 */
function asNothingTaken(error: unknown): never {
  if (!(error instanceof Unanswered || error instanceof Refused)) throw error;
  throw new OperatorError("JOB_FAILED", `${error.message}. Nothing was submitted.`, {
    cause: error,
    ...adviceOf(error),
  });
}

/** 401 and 403 concern the operator's credentials, the others the job. */
function refusal(error: Refused, redact: Redact): OperatorError {
  const code = error.status === 400 ? "JOB_INVALID" : "JOB_FAILED";
  return new OperatorError(code, redact(error.message), { field: "job", ...adviceOf(error) });
}

/**
 * @throws OperatorError JOB_FAILED if the cluster said that it failed, else Error: it may have taken the job
 */
function notFound(error: unknown, redact: Redact): never {
  const message = redact(messageOf(error));
  const advice = adviceOf(error);
  if (hasFailed(error)) throw new OperatorError("JOB_FAILED", message, { field: "job", ...advice });
  const open = new Error(`${message}. Whether SeaTunnel took the job is not known; it is not to be found.`);
  throw Object.assign(open, advice);
}

/** A proxy in front of SeaTunnel may ask for a wait. */
function adviceOf(error: unknown): RetryAdvice {
  const wait = error instanceof Refused ? error.retryAfterMs : undefined;
  return wait === undefined ? {} : { retryAfterMs: wait };
}

/** Returns whether the cluster itself said that it did not take the job. */
function hasFailed(error: unknown): boolean {
  return error instanceof Refused && !GATEWAY.has(error.status);
}
