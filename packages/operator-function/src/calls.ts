import { randomUUID } from "node:crypto";
import { isTidegateError } from "@tidegate/core";
import {
  type JobLog,
  type JobMetrics,
  type JobOutcome,
  logAfter,
  type SubmittedJob,
} from "@tidegate/core/operator";
import { messageOf } from "@tidegate/core/plugin";
import { LogLines } from "@tidegate/operator-kit";
import { LRUCache } from "lru-cache";
import type { JobResult } from "./function-job.js";

/** How many ended calls are remembered for later `wait` calls. */
const MAX_ENDED = 10_000;

/** How many characters of the logs of ended calls are remembered; the manager keeps what it needs. */
const MAX_LOGGED = 32 * 1_048_576;

/** One running call of a function. */
interface Call {
  readonly jobId: string;
  readonly key: string;
  readonly abort: AbortController;
  readonly ended: Promise<JobOutcome>;
  readonly lines: LogLines;
}

/** A call that has ended. */
interface Ended {
  readonly key: string;
  readonly outcome: JobOutcome;
}

/** The reports that a function may make while it runs. */
export interface Telling {
  /** Reports figures. */
  readonly progress: (metrics: JobMetrics) => void;
  /** Logs a text. */
  readonly log: (text: string) => void;
}

/** The work of a function in one call. */
export type Work = (signal: AbortSignal, telling: Telling) => Promise<JobResult>;

/** The calls of an operator: the running ones, and how the latest ones ended. */
export class Calls {
  readonly #running = new Map<string, Call>();
  readonly #runningByKey = new Map<string, Call>();
  readonly #ended = new LRUCache<string, Ended>({ max: MAX_ENDED });
  /** The last ended call of each key. */
  readonly #endedByKey = new LRUCache<string, string>({ max: MAX_ENDED });
  /** The logs of ended calls that have logged anything. */
  readonly #logs = new LRUCache<string, Required<JobLog>>({ maxSize: MAX_LOGGED, sizeCalculation: sizeOf });

  /** Starts a call, or joins the one running under this key. */
  start(key: string, attempt: AbortSignal, work: Work): SubmittedJob {
    const running = this.#runningByKey.get(key);
    if (running !== undefined) return { jobId: running.jobId };
    const abort = new AbortController();
    const follow = (): void => abort.abort(attempt.reason);
    attempt.addEventListener("abort", follow, { once: true });
    const jobId = randomUUID();
    const lines = new LogLines();
    const ended = carryOut(work, abort.signal, lines).then((outcome) => {
      attempt.removeEventListener("abort", follow);
      this.#running.delete(jobId);
      this.#runningByKey.delete(key);
      this.#ended.set(jobId, { key, outcome });
      this.#endedByKey.set(key, jobId);
      const { log } = lines;
      if (log === undefined) return outcome;
      this.#logs.set(jobId, log);
      return { ...outcome, log };
    });
    const call: Call = { jobId, key, abort, ended, lines };
    this.#running.set(jobId, call);
    this.#runningByKey.set(key, call);
    return { jobId };
  }

  /** Returns the call under this key that is running, or ended last. */
  find(key: string): SubmittedJob | undefined {
    const running = this.#runningByKey.get(key);
    if (running !== undefined) return { jobId: running.jobId };
    const jobId = this.#endedByKey.get(key);
    const outcome = jobId === undefined ? undefined : this.#endOf(jobId);
    return jobId === undefined || outcome === undefined ? undefined : { jobId, outcome };
  }

  /** Returns how a call ends; `undefined` if the call is unknown here. */
  outcomeOf(jobId: string): Promise<JobOutcome> | undefined {
    const outcome = this.#endOf(jobId);
    return outcome === undefined ? this.#running.get(jobId)?.ended : Promise.resolve(outcome);
  }

  /** Returns what a call has logged from line `after` on; nothing if the call is unknown here. */
  logOf(jobId: string, after: number): JobLog {
    const running = this.#running.get(jobId);
    if (running !== undefined) return running.lines.after(after);
    return logAfter(this.#logs.get(jobId) ?? { lines: [] }, after);
  }

  /** Asks a call to stop, and waits until its function has returned. */
  async stop(jobId: string, reason: Error): Promise<void> {
    const call = this.#running.get(jobId);
    if (call === undefined) return;
    call.abort.abort(reason);
    await call.ended;
  }

  #endOf(jobId: string): JobOutcome | undefined {
    const ended = this.#ended.get(jobId);
    const log = ended === undefined ? undefined : this.#logs.get(jobId);
    return log === undefined ? ended?.outcome : { ...ended!.outcome, log };
  }

  /** Asks all calls to stop, without waiting for functions that ignore it. */
  abortAll(reason: Error): void {
    for (const { abort } of this.#running.values()) abort.abort(reason);
  }
}

async function carryOut(work: Work, signal: AbortSignal, lines: LogLines): Promise<JobOutcome> {
  let reported: JobMetrics = {};
  const progress = (metrics: JobMetrics): void => {
    reported = { ...reported, ...metrics };
  };
  const log = (text: string): void => lines.add(String(text));
  try {
    // The caller gets its answer before the function starts, however much that does synchronously.
    await Promise.resolve();
    // A function that waits for the signal's event would otherwise wait forever.
    signal.throwIfAborted();
    const returned = await work(signal, { progress, log });
    return { state: "SUCCEEDED", metrics: { ...reported, ...returned } };
  } catch (error) {
    const code = isTidegateError(error) ? error.code : "JOB_FAILED";
    const failure = { metrics: reported, error: { code, message: messageOf(error) } };
    if (signal.aborted) return { state: "CANCELLED", ...failure };
    return { state: "FAILED", ...failure, ...(code === "JOB_INVALID" ? { isRetryable: false } : {}) };
  }
}

function sizeOf({ lines }: JobLog): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 0);
}
