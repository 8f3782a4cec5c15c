import type { EpochMs } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { JobWatch } from "@tidegate/operator-kit";
import { metricsOf } from "../outcome/outcome.js";
import { Refused, Unanswered } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";
import type { JobListing } from "./job-lists.js";

/** The end of a job as the cluster lists it; `lost` if the cluster no longer knows the job. */
export type WatchedEnd = ListedJob | "lost";

/** Signals that limit a wait: the caller's and the operator's. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly lifetime: AbortSignal;
}

/** Asks jobs to stop. */
export interface JobStopper {
  readonly stop: (jobId: string, signal: AbortSignal) => Promise<void>;
}

/** How often a job is asked to stop, and how long it is watched after each time, ms. */
const STOP_TRIES = 6;
const STOP_TRY_MS = 5_000;

/** States before a job runs. */
const STARTING: ReadonlySet<string> = new Set(["INITIALIZING", "CREATED", "SCHEDULED"]);

/** How long after a job was first seen running its parts have opened what they close, ms. */
const SETTLING_MS = 5_000;

/**
 * A job that has not started by then is asked to stop all the same, ms; one that runs and is older has
 * settled.
 */
const START_LIMIT_MS = 30_000;

/** Brings jobs to their end: waits for it up to a deadline, or stops them. */
export class JobEnding {
  readonly #stopper: JobStopper;
  readonly #listing: JobListing;
  readonly #watch: JobWatch<ListedJob>;
  readonly #clock: Clock;

  constructor(stopper: JobStopper, listing: JobListing, watch: JobWatch<ListedJob>, clock: Clock) {
    this.#stopper = stopper;
    this.#listing = listing;
    this.#watch = watch;
    this.#clock = clock;
  }

  /**
   * Returns the job's end; when the deadline passes, the job is stopped.
   *
   * @param deadlineMs - counted from its submission, whoever submitted it
   * @returns `isLate` if it was stopped because of the deadline
   */
  async within(
    jobId: string,
    deadlineMs: number,
    limits: Limits,
  ): Promise<{ readonly ended: WatchedEnd; readonly isLate: boolean }> {
    const knownSince = this.#clock.now();
    const ranMs = await this.#ranMs(jobId, limits.lifetime);
    const end = await this.#endOr(jobId, Math.max(deadlineMs - ranMs, 0), limits);
    if (end !== "running") return { ended: end, isLate: false };
    return { ended: await this.#stop(jobId, knownSince, limits), isLate: true };
  }

  /**
   * Stops the job and waits until it has stopped. SeaTunnel may miss a stop request, so it is repeated. None
   * is sent while the job starts: 2.3.4 would then leave it CANCELING forever.
   *
   * @throws Error when it does not stop
   */
  async stop(jobId: string, limits: Limits): Promise<WatchedEnd> {
    return this.#stop(jobId, this.#clock.now(), limits);
  }

  async #stop(jobId: string, knownSince: EpochMs, limits: Limits): Promise<WatchedEnd> {
    await this.#started(jobId, knownSince, limits);
    for (let tries = 0; tries < STOP_TRIES; tries += 1) {
      await this.#stopper.stop(jobId, limits.lifetime);
      const end = await this.#endOr(jobId, STOP_TRY_MS, limits);
      if (end !== "running") return end;
    }
    throw new Error(`SeaTunnel was told ${STOP_TRIES} times to stop job ${jobId}, and it runs on.`);
  }

  /**
   * Resolves when all parts of the job have begun, as far as its cluster reports. Its submission says little
   * about that: a busy cluster takes a while to run the job.
   */
  async #started(jobId: string, knownSince: EpochMs, { signal, lifetime }: Limits): Promise<void> {
    const giveUpAt = this.#clock.now() + START_LIMIT_MS;
    let runningSince: EpochMs | undefined;
    let wasStarting = false;
    // The pause between two checks is in the listing.
    while (runningSince !== undefined || this.#clock.now() < giveUpAt) {
      const job = await this.#running(jobId, lifetime);
      const now = this.#clock.now();
      if (job === undefined) return;
      if (STARTING.has(job.jobStatus)) {
        wasStarting = true;
        runningSince = undefined;
      } else {
        runningSince ??= now;
        const isOld = !wasStarting && ageMs(job, knownSince, now) >= START_LIMIT_MS;
        if (isOld || now - runningSince >= SETTLING_MS || hasBegun(job)) return;
      }
      signal.throwIfAborted();
    }
  }

  /** Returns how long ago a running job was submitted, ms; 0 if the submitter's clock was ahead. */
  async #ranMs(jobId: string, lifetime: AbortSignal): Promise<number> {
    const job = await this.#running(jobId, lifetime);
    const now = this.#clock.now();
    return Math.max(now - (job?.submittedAt ?? now), 0);
  }

  /** Returns a job from the list of running ones; `undefined` also if the cluster does not respond. */
  async #running(jobId: string, lifetime: AbortSignal): Promise<ListedJob | undefined> {
    try {
      const { running } = await this.#listing.fresh(lifetime);
      return running.find((job) => job.jobId === jobId);
    } catch (error) {
      if (error instanceof Unanswered || error instanceof Refused) return undefined;
      throw error;
    }
  }

  async #endOr(jobId: string, ms: number, { signal, lifetime }: Limits): Promise<WatchedEnd | "running"> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const timer = this.#clock.wakeAt(this.#clock.now() + ms, () => over.abort("running"));
    try {
      return await this.#watch.end(jobId, either, lifetime);
    } catch (error) {
      if (error === "running") return "running";
      throw error;
    } finally {
      timer.cancel();
      // A combined signal stays attached to a long-lived one until either is aborted.
      over.abort();
    }
  }
}

/** Returns how long a job has existed, ms; its submission time may come from a clock that was ahead. */
function ageMs({ submittedAt = 0 }: ListedJob, knownSince: EpochMs, now: EpochMs): number {
  return now - Math.min(knownSince, submittedAt);
}

/** Returns whether a job that is not starting has read rows, or is in a state other than running. */
function hasBegun({ jobStatus, metrics }: ListedJob): boolean {
  return jobStatus !== "RUNNING" || (metricsOf(metrics).rowsRead ?? 0) > 0;
}
