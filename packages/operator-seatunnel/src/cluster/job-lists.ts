import { type Clock, pause } from "@tidegate/core";
import { Refused } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";

/** The cluster's jobs. A job in neither list was in neither when `running` was asked for. */
export interface JobLists {
  readonly running: readonly ListedJob[];
  /** Asked for when it is first wanted: it is long, and mostly not wanted. */
  readonly finished: () => Promise<readonly ListedJob[]>;
}

/** Where the lists come from. */
export interface JobSource {
  readonly runningJobs: (signal: AbortSignal) => Promise<readonly ListedJob[]>;
  readonly finishedJobs: (signal: AbortSignal) => Promise<readonly ListedJob[]>;
}

/** Between the beginnings of two looks, ms: however many runs wait or are submitted, the cluster is asked this often. */
const SPACING_MS = 250;

/** After a list that took long the cluster is left alone for so many times as long, up to a limit, ms. */
const REST_FACTOR = 3;
const LONGEST_REST_MS = 5_000;

/** SeaTunnel answers a list with an error while one of its jobs is just being started; before it is asked again, ms. */
const PAUSES_MS = [200, 500, 1_000];

/** Looks at the cluster's jobs for all who want to know of them: one look for all who asked before it began. */
export class JobListing {
  readonly #source: JobSource;
  readonly #clock: Clock;
  #next: Promise<JobLists> | undefined;
  /** When the next look may begin, epoch ms. */
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(source: JobSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** What is so after the call. @param signal - the operator's lifetime */
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
