import { type Clock, type JobOutcome, messageOf, OperatorError, pause } from "@tidegate/core";
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

/** The waiters for one job. */
interface Waiters {
  readonly settle: Set<{ readonly end: (end: JobEnd) => void; readonly fail: (error: Error) => void }>;
  /** How many lists in a row have lacked the job. */
  misses: number;
  isConcluding: boolean;
}

/** Queries about single jobs per second; with four lists that makes ten. */
const DETAILS_PER_SECOND = 6;

/** How long the query for a finished job's figures may wait for its turn, ms. */
const FIGURES_PATIENCE_MS = 1_000;

/** The same for a failed job's cause, which matters more than reporting the failure at once. */
const CAUSE_PATIENCE_MS = 60_000;

/**
 * After this many lists in a row without it, a job is lost: about a second, in which it may just have
 * started.
 */
const MISSES = 4;

/** A slow list is queried less often: this many times its own duration. */
const REST = 3;

/** How many ends are remembered, so that all callers get the same one. */
const MAX_KNOWN = 10_000;

/** Watch that waits for the ends of all jobs of a cluster with a single query: for the list of its jobs. */
export class JobWatch {
  readonly #jobManager: JobManager;
  readonly #settings: WatchSettings;
  readonly #pace: RequestPace;
  readonly #waiting = new Map<string, Waiters>();
  readonly #known = new Map<string, JobOutcome>();
  #lifetime = new AbortController();
  #isPolling = false;

  constructor(jobManager: JobManager, settings: WatchSettings) {
    this.#jobManager = jobManager;
    this.#settings = settings;
    this.#pace = new RequestPace(settings.clock, DETAILS_PER_SECOND);
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
    const waiters = this.#waiting.get(jobId) ?? { settle: new Set(), misses: 0, isConcluding: false };
    this.#waiting.set(jobId, waiters);
    return new Promise((resolve, reject) => {
      const done = (): void => {
        signal.removeEventListener("abort", stop);
        waiters.settle.delete(waiter);
      };
      const waiter = {
        end: (end: JobEnd): void => {
          done();
          resolve(end);
        },
        fail: (error: Error): void => {
          done();
          reject(error);
        },
      };
      const stop = (): void => {
        waiter.fail(signal.reason);
        if (waiters.settle.size === 0) this.#waiting.delete(jobId);
      };
      signal.addEventListener("abort", stop, { once: true });
      waiters.settle.add(waiter);
      this.#poll();
    });
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

  /** Fails all waits. */
  close(): void {
    this.#lifetime.abort();
    this.#lifetime = new AbortController();
    this.#failAll(new OperatorError("NOT_RUNNING", "The flink operator has been stopped."));
  }

  #poll(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    void this.#pollWhileNeeded(this.#lifetime.signal).finally(() => {
      this.#isPolling = false;
      if (this.#waiting.size > 0) this.#poll();
    });
  }

  async #pollWhileNeeded(signal: AbortSignal): Promise<void> {
    const { clock, pollIntervalMs, unreachableMs } = this.#settings;
    let answeredAt = clock.now();
    while (this.#waiting.size > 0 && !signal.aborted) {
      const askedAt = clock.now();
      try {
        this.#look(await this.#jobManager.states());
        answeredAt = clock.now();
      } catch (error) {
        if (clock.now() - answeredAt > unreachableMs) this.#failAll(unanswered(error, unreachableMs));
      }
      const tookMs = clock.now() - askedAt;
      await pause(clock, Math.max(pollIntervalMs - tookMs, REST * tookMs), signal).catch(() => undefined);
    }
  }

  #look(states: ReadonlyMap<string, FlinkState>): void {
    for (const [jobId, waiters] of this.#waiting) {
      const state = states.get(jobId);
      waiters.misses = state === undefined ? waiters.misses + 1 : 0;
      if (waiters.misses >= MISSES && !waiters.isConcluding) this.#tell(jobId, "lost");
      if (waiters.isConcluding || state === undefined || !isEnd(state)) continue;
      waiters.isConcluding = true;
      void this.#conclude(jobId, state)
        .then((end) => end !== undefined && this.#tell(jobId, end))
        // Flink did not respond: the next list tries again.
        .catch(() => undefined)
        .finally(() => {
          waiters.isConcluding = false;
        });
    }
  }

  /** Returns the end of a job that the list shows as ended. */
  async #conclude(jobId: string, state: EndState): Promise<JobEnd | undefined> {
    if (state === "CANCELED") return outcomeOf({ state });
    const waitMs = this.#pace.take(state === "FINISHED" ? FIGURES_PATIENCE_MS : CAUSE_PATIENCE_MS);
    if (waitMs === undefined) return withoutDetails(state);
    if (waitMs > 0) await pause(this.#settings.clock, waitMs, this.#lifetime.signal);
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

  #tell(jobId: string, end: JobEnd): void {
    const told = this.#remember(jobId, end);
    const waiters = this.#waiting.get(jobId);
    this.#waiting.delete(jobId);
    for (const { end: settle } of waiters?.settle ?? []) settle(told);
  }

  #remember(jobId: string, end: JobEnd): JobEnd {
    // A lost job may be submitted again under its id.
    if (end === "lost") return end;
    const known = this.#known.get(jobId);
    // After Flink has forgotten a job, another manager may have reused its id, with another end.
    if (known !== undefined && known.state === end.state) return known;
    this.#known.set(jobId, end);
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    return end;
  }

  #failAll(error: Error): void {
    for (const [jobId, { settle }] of [...this.#waiting]) {
      this.#waiting.delete(jobId);
      for (const { fail } of [...settle]) fail(error);
    }
  }
}

/** So many jobs ended at once that querying figures and causes would take too long. */
function withoutDetails(state: "FINISHED" | "FAILED"): JobEnd {
  if (state === "FINISHED") return { state: "SUCCEEDED" };
  const message =
    "The job failed; many did at once, and the cause is on Flink's page of the job, if it still knows it.";
  return { state: "FAILED", error: { code: "JOB_FAILED", message } };
}

function unanswered(error: unknown, ms: number): Error {
  return new Error(
    `The job's end is not known: Flink has not answered for ${Math.round(ms / 1_000)} s. ${messageOf(error)}.`,
    { cause: error },
  );
}
