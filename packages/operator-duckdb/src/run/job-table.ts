import { type JobLog, type JobOutcome, logAfter, type SubmittedJob } from "@tidegate/core/operator";
import { LogLines } from "@tidegate/operator-kit";
import { LRUCache } from "lru-cache";
import type { Task } from "./task.js";

/** How many ended jobs are remembered for later `wait` calls. */
const MAX_ENDED = 1_000;

interface RunningJob {
  readonly idempotencyKey: string;
  readonly abort: AbortController;
  /** Aborted by `abort` or by the attempt. */
  readonly signal: AbortSignal;
  /** Never rejects. */
  readonly outcome: Promise<JobOutcome>;
  readonly lines: LogLines;
}

interface EndedJob {
  readonly idempotencyKey: string;
  readonly outcome: JobOutcome;
}

/** The jobs of this process: those that run or wait for their turn, and the latest that ended. */
export class JobTable {
  readonly #running = new Map<string, RunningJob>();
  readonly #ended = new LRUCache<string, EndedJob>({ max: MAX_ENDED });

  /**
   * Starts a job, unless one of the same id is running and has not been asked to stop.
   *
   * @param signal - of the attempt; the job also ends when it is stopped by its id
   * @param work - resolves when the job has ended, never rejects
   */
  start(
    task: Task,
    signal: AbortSignal,
    work: (signal: AbortSignal, lines: LogLines) => Promise<JobOutcome>,
  ): void {
    const { jobId, idempotencyKey } = task;
    if (this.#running.get(jobId)?.signal.aborted === false) return;
    const abort = new AbortController();
    const either = AbortSignal.any([signal, abort.signal]);
    const lines = new LogLines();
    const outcome = work(either, lines).then((end) => {
      this.#end(jobId, job, end);
      return end;
    });
    const job: RunningJob = { idempotencyKey, abort, signal: either, outcome, lines };
    this.#running.set(jobId, job);
  }

  /** Returns how a job ends or has ended, or `undefined` for a job of another process. */
  outcomeOf(jobId: string): Promise<JobOutcome> | undefined {
    const ended = this.#ended.get(jobId);
    return this.#running.get(jobId)?.outcome ?? (ended && Promise.resolve(ended.outcome));
  }

  /** Returns what a job has logged from line `after` on; nothing for a job of another process. */
  logOf(jobId: string, after: number): JobLog {
    const running = this.#running.get(jobId);
    return (
      running?.lines.after(after) ?? logAfter(this.#ended.get(jobId)?.outcome.log ?? { lines: [] }, after)
    );
  }

  /** Returns the job with a key that is running or waiting for its turn. */
  runningWith(key: string): SubmittedJob | undefined {
    for (const [jobId, { idempotencyKey }] of this.#running) if (idempotencyKey === key) return { jobId };
    return undefined;
  }

  /**
   * Returns the last job with a key that ended without success. If it succeeded, what it wrote is more
   * reliable.
   */
  failedWith(key: string): SubmittedJob | undefined {
    // Latest first.
    for (const [jobId, { idempotencyKey, outcome }] of this.#ended.entries()) {
      if (idempotencyKey === key && outcome.state !== "SUCCEEDED") return { jobId, outcome };
    }
    return undefined;
  }

  /** Stops a job if it is running, and waits for its end. */
  async stop(jobId: string, reason: Error): Promise<void> {
    const job = this.#running.get(jobId);
    job?.abort.abort(reason);
    await job?.outcome;
  }

  async stopAll(reason: Error): Promise<void> {
    await Promise.all([...this.#running.keys()].map((jobId) => this.stop(jobId, reason)));
  }

  #end(jobId: string, job: RunningJob, outcome: JobOutcome): void {
    if (this.#running.get(jobId) === job) this.#running.delete(jobId);
    this.#ended.set(jobId, { idempotencyKey: job.idempotencyKey, outcome });
  }
}
