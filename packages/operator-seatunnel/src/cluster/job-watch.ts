import { messageOf, pause } from "@tidegate/core";
import type { Settings } from "../options.js";
import { Refused, Unanswered } from "../rest/failure.js";
import type { ListedJob } from "../rest/listed-job.js";
import type { JobListing, JobLists } from "./job-lists.js";
import { unlessAborted } from "./unless-aborted.js";

/** The end of a job as the cluster lists it, or `undefined` if the cluster no longer knows the job. */
export type WatchedEnd = ListedJob | undefined;

/** Settings of the watch. */
export type WatchSettings = Pick<Settings, "clock" | "pollIntervalMs" | "patienceMs" | "lostAfterMs">;

/** A job that somebody waits for. */
class Watched {
  readonly end: Promise<WatchedEnd>;
  resolve!: (end: WatchedEnd) => void;
  reject!: (error: unknown) => void;
  watchers = 0;
  /** Since when it has been missing from all received lists, epoch ms. */
  missingSince: number | undefined;

  constructor() {
    this.end = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/** Watch for the ends of all jobs: a single loop, whatever their number, which pauses while nobody waits. */
export class JobWatch {
  readonly #listing: JobListing;
  readonly #settings: WatchSettings;
  readonly #byId = new Map<string, Watched>();
  #isLooping = false;
  #awaySince: number | undefined;

  constructor(listing: JobListing, settings: WatchSettings) {
    this.#listing = listing;
    this.#settings = settings;
  }

  /**
   * Resolves when the job has ended or is lost.
   *
   * @param lifetime - the operator's, which ends the loop
   * @throws Error when the cluster is unreachable for too long
   * @throws the reason of either signal when it is aborted
   */
  async ended(jobId: string, signal: AbortSignal, lifetime: AbortSignal): Promise<WatchedEnd> {
    signal.throwIfAborted();
    lifetime.throwIfAborted();
    const watched = this.#byId.get(jobId) ?? this.#watch(jobId);
    watched.watchers += 1;
    if (!this.#isLooping) void this.#loop(lifetime);
    try {
      return await unlessAborted(watched.end, signal);
    } finally {
      watched.watchers -= 1;
      if (watched.watchers === 0 && this.#byId.get(jobId) === watched) this.#byId.delete(jobId);
    }
  }

  #watch(jobId: string): Watched {
    const watched = new Watched();
    this.#byId.set(jobId, watched);
    return watched;
  }

  async #loop(lifetime: AbortSignal): Promise<void> {
    this.#isLooping = true;
    this.#awaySince = undefined;
    try {
      while (this.#byId.size > 0) {
        await this.#look(lifetime);
        if (this.#byId.size > 0) await pause(this.#settings.clock, this.#settings.pollIntervalMs, lifetime);
      }
    } catch (error) {
      this.#rejectAll(error);
    } finally {
      this.#isLooping = false;
    }
  }

  async #look(lifetime: AbortSignal): Promise<void> {
    try {
      const lists = await this.#listing.fresh(lifetime);
      await this.#settle(lists);
      this.#awaySince = undefined;
    } catch (error) {
      lifetime.throwIfAborted();
      if (!(error instanceof Unanswered || error instanceof Refused)) throw error;
      this.#bear(error);
    }
  }

  async #settle(lists: JobLists): Promise<void> {
    const running = new Set(lists.running.map(({ jobId }) => jobId));
    const gone = [...this.#byId].filter(([jobId]) => !running.has(jobId));
    for (const [jobId, watched] of this.#byId) if (running.has(jobId)) watched.missingSince = undefined;
    if (gone.length === 0) return;
    const ended = new Map((await lists.finished()).map((job) => [job.jobId, job]));
    const now = this.#settings.clock.now();
    for (const [jobId, watched] of gone) {
      const job = ended.get(jobId);
      watched.missingSince ??= now;
      const isLost = now - watched.missingSince >= this.#settings.lostAfterMs;
      if (job !== undefined || isLost) {
        this.#byId.delete(jobId);
        watched.resolve(job);
      }
    }
  }

  /** An unreachable cluster may come back, with its jobs or without. */
  #bear(error: Error): void {
    const { clock, patienceMs } = this.#settings;
    this.#awaySince ??= clock.now();
    if (clock.now() - this.#awaySince < patienceMs) return;
    const message = `How the job ended is not known: SeaTunnel has been away for ${patienceMs} ms. ${messageOf(error)}`;
    this.#rejectAll(new Error(message, { cause: error }));
  }

  #rejectAll(error: unknown): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const { reject } of all) reject(error);
  }
}
