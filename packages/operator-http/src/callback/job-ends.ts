import type { JobLog, JobOutcome } from "@tidegate/core/operator";
import { LRUCache } from "lru-cache";

/** End of a job, as it was reported. */
export interface JobEnd {
  /** The service's id of the job, if it gave one. */
  readonly jobId: string | undefined;
  readonly outcome: JobOutcome;
}

/** The run whose end is wanted. */
export interface Wanted {
  /** Its names; any of them matches. */
  readonly names: readonly string[];
  /** The end of another job of the same run does not count. `undefined` accepts any. */
  readonly jobId: string | undefined;
}

interface Waiter {
  readonly wanted: Wanted;
  readonly notify: (outcome: JobOutcome) => void;
}

/** How many characters of logs are remembered: no log may push out the end that it came with. */
const MAX_LOGGED = 32_000_000;

/**
 * Job ends that were reported unasked, kept until somebody asks for them, and after that for whoever asks
 * again. A callback may arrive before its `wait`, or while the manager restarts.
 */
export class JobEnds {
  readonly #endByName: LRUCache<string, JobEnd>;
  readonly #logByName = new LRUCache<string, JobLog>({ maxSize: MAX_LOGGED, sizeCalculation: sizeOf });
  readonly #waiters = new Map<string, Set<Waiter>>();

  /** @param maxKept - those that were asked for longest ago are forgotten beyond this number */
  constructor(maxKept: number) {
    this.#endByName = new LRUCache({ max: maxKept });
  }

  /**
   * Records an end. A job ends once: later reports change nothing.
   *
   * @returns whether somebody was waiting for it
   */
  put(name: string, end: JobEnd): boolean {
    const known = this.#endByName.get(name);
    if (known !== undefined && known.jobId === end.jobId) return false;
    const { log, ...outcome } = end.outcome;
    this.#endByName.set(name, { ...end, outcome });
    if (log === undefined) this.#logByName.delete(name);
    else this.#logByName.set(name, log);
    const waiting = [...(this.#waiters.get(name) ?? [])].filter(({ wanted }) => isWanted(end, wanted));
    for (const { notify } of waiting) notify(end.outcome);
    return waiting.length > 0;
  }

  get(wanted: Wanted): JobEnd | undefined {
    for (const name of wanted.names) {
      const end = this.#endByName.get(name);
      if (end === undefined || !isWanted(end, wanted)) continue;
      const log = this.#logByName.get(name);
      return log === undefined ? end : { ...end, outcome: { ...end.outcome, log } };
    }
    return undefined;
  }

  /** Forgets the failures of earlier attempts, so that they do not end a new one. */
  forgetFailures(names: readonly string[]): void {
    for (const name of names) {
      if (this.#endByName.get(name)?.outcome.state !== "SUCCEEDED") this.#endByName.delete(name);
    }
  }

  /** Returns the end once it is known. @throws the signal's reason when it is aborted first */
  async when(wanted: Wanted, signal: AbortSignal): Promise<JobOutcome> {
    signal.throwIfAborted();
    const known = this.get(wanted);
    if (known !== undefined) return known.outcome;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#removeWaiter(waiter);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        wanted,
        notify: (outcome) => {
          this.#removeWaiter(waiter);
          signal.removeEventListener("abort", stop);
          resolve(outcome);
        },
      };
      this.#addWaiter(waiter);
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  #addWaiter(waiter: Waiter): void {
    for (const name of waiter.wanted.names) {
      const waiters = this.#waiters.get(name) ?? new Set();
      this.#waiters.set(name, waiters.add(waiter));
    }
  }

  #removeWaiter(waiter: Waiter): void {
    for (const name of waiter.wanted.names) {
      const waiters = this.#waiters.get(name);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#waiters.delete(name);
    }
  }
}

function sizeOf({ lines }: JobLog): number {
  return lines.reduce((sum, line) => sum + line.length + 1, 1);
}

function isWanted(end: JobEnd, { jobId }: Wanted): boolean {
  return jobId === undefined || end.jobId === undefined || end.jobId === jobId;
}
