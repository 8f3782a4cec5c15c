import type { Clock } from "@tidegate/core";
import { Refused, Unanswered } from "../rest/failure.js";
import type { JobListing } from "./job-lists.js";
import type { JobWatch, WatchedEnd } from "./job-watch.js";

/** What limits a wait: the caller's signal, and the operator's. */
export interface Limits {
  readonly signal: AbortSignal;
  readonly lifetime: AbortSignal;
}

/** What tells jobs to stop. */
export interface JobStopper {
  readonly stop: (jobId: string, signal: AbortSignal) => Promise<void>;
}

/** How often a job is told to stop, and how long after each time it is looked at, ms. */
const STOP_TRIES = 6;
const STOP_TRY_MS = 5_000;

/** Brings jobs to their end: waits for it up to a deadline, or makes an end of them. */
export class JobEnding {
  readonly #stopper: JobStopper;
  readonly #listing: JobListing;
  readonly #watch: JobWatch;
  readonly #clock: Clock;

  constructor(stopper: JobStopper, listing: JobListing, watch: JobWatch, clock: Clock) {
    this.#stopper = stopper;
    this.#listing = listing;
    this.#watch = watch;
    this.#clock = clock;
  }

  /**
   * The job's end; when the deadline passes, it is stopped.
   *
   * @param deadlineMs - how long after its submission, whoever submitted it
   * @returns `isLate` where it was stopped for that
   */
  async within(
    jobId: string,
    deadlineMs: number,
    limits: Limits,
  ): Promise<{ readonly ended: WatchedEnd; readonly isLate: boolean }> {
    const ranMs = await this.#ranMs(jobId, limits.lifetime);
    const end = await this.#endOr(jobId, Math.max(deadlineMs - ranMs, 0), limits);
    if (end !== "running") return { ended: end, isLate: false };
    return { ended: await this.stop(jobId, limits), isLate: true };
  }

  /**
   * Stops the job and waits until it has. SeaTunnel may overlook it in a job that is just being started, so it is told
   * again.
   *
   * @throws Error when it does not stop
   */
  async stop(jobId: string, limits: Limits): Promise<WatchedEnd> {
    for (let tries = 0; tries < STOP_TRIES; tries += 1) {
      await this.#stopper.stop(jobId, limits.lifetime);
      const end = await this.#endOr(jobId, STOP_TRY_MS, limits);
      if (end !== "running") return end;
    }
    throw new Error(`SeaTunnel was told ${STOP_TRIES} times to stop job ${jobId}, and it runs on.`);
  }

  /** How long ago a running job was submitted, ms. A clock that was ahead then counts for nothing. */
  async #ranMs(jobId: string, lifetime: AbortSignal): Promise<number> {
    try {
      const { running } = await this.#listing.fresh(lifetime);
      const now = this.#clock.now();
      const { submittedAt = now } = running.find((job) => job.jobId === jobId) ?? {};
      return Math.max(now - submittedAt, 0);
    } catch (error) {
      if (error instanceof Unanswered || error instanceof Refused) return 0;
      throw error;
    }
  }

  async #endOr(jobId: string, ms: number, { signal, lifetime }: Limits): Promise<WatchedEnd | "running"> {
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const timer = this.#clock.wakeAt(this.#clock.now() + ms, () => over.abort("running"));
    try {
      return await this.#watch.ended(jobId, either, lifetime);
    } catch (error) {
      if (error === "running") return "running";
      throw error;
    } finally {
      timer.cancel();
      // A combined signal stays with a long-lived one until either is aborted.
      over.abort();
    }
  }
}
