import type { Clock } from "@tidegate/core";
import { Refused } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";
import { pause } from "./pause.js";

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

/** SeaTunnel answers a list with an error while one of its jobs is just being started; before it is asked again, ms. */
const PAUSES_MS = [200, 500, 1_000];

/** Looks at the cluster's jobs for all who want to know of them: one look for all who asked before it began. */
export class JobListing {
  readonly #source: JobSource;
  readonly #clock: Clock;
  #next: Promise<JobLists> | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

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
    this.#lastAt = this.#clock.now();
    const running = await this.#insist(() => this.#source.runningJobs(signal), signal);
    let finished: Promise<readonly ListedJob[]> | undefined;
    return {
      running,
      finished: () => {
        finished ??= this.#insist(() => this.#source.finishedJobs(signal), signal);
        return finished;
      },
    };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const waitMs = Math.min(this.#lastAt + SPACING_MS - this.#clock.now(), SPACING_MS);
    if (waitMs > 0) await pause(this.#clock, waitMs, signal);
  }

  async #insist<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (const pauseMs of PAUSES_MS) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Refused) || error.status < 500) throw error;
      }
      await pause(this.#clock, pauseMs, signal);
    }
    return ask();
  }
}
