import { randomUUID } from "node:crypto";
import { isTidegateError } from "@tidegate/core";
import type { JobMetrics, JobOutcome, SubmittedJob } from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";
import { LRUCache } from "lru-cache";
import type { JobResult } from "./function-job.js";

/** How many ended calls are remembered for later `wait` calls. */
const MAX_ENDED = 10_000;

/** One running call of a function. */
interface Call {
  readonly jobId: string;
  readonly key: string;
  readonly abort: AbortController;
  readonly ended: Promise<JobOutcome>;
}

/** A call that has ended. */
interface Ended {
  readonly key: string;
  readonly outcome: JobOutcome;
}

/** The work of a function in one call. The reporter accepts figures while it runs. */
export type Work = (signal: AbortSignal, report: (metrics: JobMetrics) => void) => Promise<JobResult>;

/** The calls of an operator: the running ones, and how the latest ones ended. */
export class Calls {
  readonly #running = new Map<string, Call>();
  readonly #runningByKey = new Map<string, Call>();
  readonly #ended = new LRUCache<string, Ended>({ max: MAX_ENDED });
  /** The last ended call of each key. */
  readonly #endedByKey = new LRUCache<string, string>({ max: MAX_ENDED });

  /** Starts a call, or joins the one running under this key. */
  start(key: string, attempt: AbortSignal, work: Work): SubmittedJob {
    const running = this.#runningByKey.get(key);
    if (running !== undefined) return { jobId: running.jobId };
    const abort = new AbortController();
    const follow = (): void => abort.abort(attempt.reason);
    attempt.addEventListener("abort", follow, { once: true });
    const jobId = randomUUID();
    const ended = carryOut(work, abort.signal).then((outcome) => {
      attempt.removeEventListener("abort", follow);
      this.#running.delete(jobId);
      this.#runningByKey.delete(key);
      this.#ended.set(jobId, { key, outcome });
      this.#endedByKey.set(key, jobId);
      return outcome;
    });
    const call: Call = { jobId, key, abort, ended };
    this.#running.set(jobId, call);
    this.#runningByKey.set(key, call);
    return { jobId };
  }

  /** Returns the call under this key that is running, or ended last. */
  find(key: string): SubmittedJob | undefined {
    const running = this.#runningByKey.get(key);
    if (running !== undefined) return { jobId: running.jobId };
    const jobId = this.#endedByKey.get(key);
    const ended = jobId === undefined ? undefined : this.#ended.get(jobId);
    return jobId === undefined || ended === undefined ? undefined : { jobId, outcome: ended.outcome };
  }

  /** Returns how a call ends; `undefined` if the call is unknown here. */
  outcomeOf(jobId: string): Promise<JobOutcome> | undefined {
    const ended = this.#ended.get(jobId);
    return ended === undefined ? this.#running.get(jobId)?.ended : Promise.resolve(ended.outcome);
  }

  /** Asks a call to stop, and waits until its function has returned. */
  async stop(jobId: string, reason: Error): Promise<void> {
    const call = this.#running.get(jobId);
    if (call === undefined) return;
    call.abort.abort(reason);
    await call.ended;
  }

  /** Asks all calls to stop, without waiting for functions that ignore it. */
  abortAll(reason: Error): void {
    for (const { abort } of this.#running.values()) abort.abort(reason);
  }
}

async function carryOut(work: Work, signal: AbortSignal): Promise<JobOutcome> {
  let reported: JobMetrics = {};
  const report = (metrics: JobMetrics): void => {
    reported = { ...reported, ...metrics };
  };
  try {
    // The caller gets its answer before the function starts, however much that does synchronously.
    await Promise.resolve();
    // A function that waits for the signal's event would otherwise wait forever.
    signal.throwIfAborted();
    const returned = await work(signal, report);
    return { state: "SUCCEEDED", metrics: { ...reported, ...returned } };
  } catch (error) {
    const code = isTidegateError(error) ? error.code : "JOB_FAILED";
    const failure = { metrics: reported, error: { code, message: messageOf(error) } };
    if (signal.aborted) return { state: "CANCELLED", ...failure };
    return { state: "FAILED", ...failure, ...(code === "JOB_INVALID" ? { isRetryable: false } : {}) };
  }
}
