import { OperatorError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import { JobWatch, type Sighting } from "@tidegate/operator-kit";
import { LRUCache } from "lru-cache";
import { exceptionsText } from "../rest/exceptions.js";
import type { FlinkState, JobManager } from "../rest/job-manager.js";
import { type EndState, isEnd, type JobEnd, metricsOf, outcomeOf } from "./job-end.js";
import { RequestPace } from "./request-pace.js";

/** Settings of the watch for job ends. */
export interface WatchSettings {
  readonly clock: Clock;
  /** Interval between queries of the job list, ms. */
  readonly pollIntervalMs: number;
  /** How long Flink may be unreachable before waits are given up, ms. */
  readonly unreachableMs: number;
}

/** How a job ended, as far as Flink has said. */
type KnownEnd = Exclude<JobEnd, "lost">;

/** Queries about single jobs per second; with four lists that makes ten. */
const DETAILS_PER_SECOND = 6;

/** How long the query for a finished job's figures, or for a failed job's exceptions, may wait for its turn, ms. */
const FIGURES_PATIENCE_MS = 1_000;

/** The same for a failed job's cause, which matters more than reporting the failure at once. */
const CAUSE_PATIENCE_MS = 60_000;

/**
 * After this many lists in a row without it, a job is lost: about a second, in which it may just have
 * started.
 */
const MISSES = 4;

/** How many ends are remembered, so that all callers get the same one. */
const MAX_KNOWN = 10_000;

/** Watch that waits for the ends of all jobs of a cluster with a single query: for the list of its jobs. */
export class FlinkWatch {
  readonly #jobManager: JobManager;
  readonly #clock: Clock;
  readonly #pace: RequestPace;
  readonly #watch: JobWatch<KnownEnd>;
  readonly #known = new LRUCache<string, KnownEnd>({ max: MAX_KNOWN });
  #lifetime = new AbortController();

  constructor(jobManager: JobManager, settings: WatchSettings) {
    this.#jobManager = jobManager;
    this.#clock = settings.clock;
    this.#pace = new RequestPace(settings.clock, DETAILS_PER_SECOND);
    this.#watch = new JobWatch({
      ...settings,
      service: "Flink",
      look: async () => {
        const states = await jobManager.states();
        return (jobId) => this.#sightingOf(jobId, states.get(jobId));
      },
      isAway: () => true,
      isLost: ({ looks }) => looks >= MISSES,
    });
  }

  /**
   * Resolves when the job has ended, or Flink has forgotten it.
   *
   * @throws Error when Flink has not responded for too long
   * @throws the signal's reason when it is aborted
   */
  async end(jobId: string, signal: AbortSignal): Promise<JobEnd> {
    signal.throwIfAborted();
    const known = this.#known.get(jobId);
    if (known !== undefined) return known;
    return this.#remember(jobId, await this.#watch.end(jobId, signal, this.#lifetime.signal));
  }

  /**
   * Returns a job's current state: its end, or `undefined` while it runs; `lost` if Flink does not know it
   * and this process does not know how it ended.
   */
  async now(jobId: string): Promise<JobEnd | undefined> {
    const result = await this.#jobManager.result(jobId);
    if (result === undefined) return this.#known.get(jobId) ?? "lost";
    if (result.state === "RUNNING") {
      this.#known.delete(jobId);
      return undefined;
    }
    const end = outcomeOf(result, result.state === "FINISHED" ? await this.#metrics(jobId) : undefined);
    return this.#remember(jobId, end);
  }

  /** Returns the exceptions of a job as text; `undefined` if they cannot be read now, or would hold up other jobs. */
  async exceptions(jobId: string): Promise<string | undefined> {
    const waitMs = this.#pace.take(FIGURES_PATIENCE_MS);
    if (waitMs === undefined) return undefined;
    if (waitMs > 0) await pause(this.#clock, waitMs, this.#lifetime.signal);
    const exceptions = await this.#jobManager.exceptions(jobId).catch(() => undefined);
    return exceptions === undefined ? undefined : exceptionsText(exceptions);
  }

  /** Fails all waits. */
  close(): void {
    this.#lifetime.abort(new OperatorError("NOT_RUNNING", "The flink operator has been stopped."));
    this.#lifetime = new AbortController();
  }

  #sightingOf(jobId: string, state: FlinkState | undefined): Sighting<KnownEnd> {
    if (state === undefined) return "missing";
    if (!isEnd(state)) return "running";
    return { conclude: () => this.#conclude(jobId, state) };
  }

  /** Returns the end of a job that the list shows as ended. */
  async #conclude(jobId: string, state: EndState): Promise<KnownEnd | undefined> {
    if (state === "CANCELED") return outcomeOf({ state });
    const waitMs = this.#pace.take(state === "FINISHED" ? FIGURES_PATIENCE_MS : CAUSE_PATIENCE_MS);
    if (waitMs === undefined) return withoutDetails(state);
    if (waitMs > 0) await pause(this.#clock, waitMs, this.#lifetime.signal);
    if (state === "FINISHED") return outcomeOf({ state }, await this.#metrics(jobId));
    const result = await this.#jobManager.result(jobId);
    // Flink has forgotten the job since, but it is known to have failed.
    if (result === undefined) return withoutDetails(state);
    return result.state === "RUNNING" ? undefined : outcomeOf(result);
  }

  async #metrics(jobId: string) {
    const details = await this.#jobManager.details(jobId).catch(() => undefined);
    return details === undefined ? undefined : metricsOf(details);
  }

  #remember(jobId: string, end: JobEnd): JobEnd {
    // A lost job may be submitted again under its id.
    if (end === "lost") return end;
    const known = this.#known.get(jobId);
    // After Flink has forgotten a job, another manager may have reused its id, with another end.
    if (known !== undefined && known.state === end.state) return known;
    this.#known.set(jobId, end);
    return end;
  }
}

/** So many jobs ended at once that querying figures and causes would take too long. */
function withoutDetails(state: "FINISHED" | "FAILED"): KnownEnd {
  if (state === "FINISHED") return { state: "SUCCEEDED" };
  const message =
    "The job failed; many did at once, and the cause is on Flink's page of the job, if it still knows it.";
  return { state: "FAILED", error: { code: "JOB_FAILED", message } };
}
