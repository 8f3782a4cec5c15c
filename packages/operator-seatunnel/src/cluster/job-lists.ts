import { type Clock, pause } from "@tidegate/core/clock";
import { Refused } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";

/** Lists of the cluster's jobs. A job in neither list was in neither when `running` was fetched. */
export interface JobLists {
  readonly running: readonly ListedJob[];
  /** Fetched on first use: it is long, and rarely needed. */
  readonly finished: () => Promise<readonly ListedJob[]>;
}

/** Source of the lists. */
export interface JobSource {
  readonly runningJobs: (signal: AbortSignal) => Promise<readonly ListedJob[]>;
  readonly finishedJobs: (signal: AbortSignal) => Promise<readonly ListedJob[]>;
}

/**
 * Interval between the starts of two checks, ms: the cluster is queried this often, however many runs wait or
 * are submitted.
 */
const SPACING_MS = 250;

/** After a slow list the cluster is left alone for this many times its duration, up to a limit, ms. */
const REST_FACTOR = 3;
const LONGEST_REST_MS = 5_000;

/**
 * SeaTunnel responds to a list query with an error while one of its jobs is being started; pauses before it
 * is repeated, ms.
 */
const PAUSES_MS = [200, 500, 1_000];

/** Listing of the cluster's jobs, shared by all callers: one check serves all who asked before it began. */
export class JobListing {
  readonly #source: JobSource;
  readonly #clock: Clock;
  #next: Promise<JobLists> | undefined;
  /** When the next check may begin, epoch ms. */
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(source: JobSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Returns lists fetched after the call. @param signal - the operator's lifetime */
  fresh(signal: AbortSignal): Promise<JobLists> {
    this.#next ??= this.#look(signal);
    return this.#next;
  }

  async #look(signal: AbortSignal): Promise<JobLists> {
    await this.#turn(signal).finally(() => {
      this.#next = undefined;
    });
    this.#restUntil = this.#clock.now() + SPACING_MS;
    const running = await this.#insist(() => this.#source.runningJobs(signal), signal);
    let finished: Promise<readonly ListedJob[]> | undefined;
    return {
      running,
      finished: () => {
        finished ??= this.#finished(signal);
        return finished;
      },
    };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const waitMs = Math.min(this.#restUntil - this.#clock.now(), LONGEST_REST_MS);
    if (waitMs > 0) await pause(this.#clock, waitMs, signal);
  }

  async #finished(signal: AbortSignal): Promise<readonly ListedJob[]> {
    const startedAt = this.#clock.now();
    const jobs = await this.#insist(() => this.#source.finishedJobs(signal), signal);
    const now = this.#clock.now();
    this.#restUntil = Math.max(this.#restUntil, now + REST_FACTOR * (now - startedAt));
    return jobs;
  }

  async #insist<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Refused) || error.status < 500) throw error;
        if ((error.retryAfterMs ?? 0) > pauseMs) throw error;
      }
      await pause(this.#clock, pauseMs, signal);
    }
    return ask();
  }
}
