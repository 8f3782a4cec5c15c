import { type Clock, pause } from "@tidegate/core/clock";
import { messageOf } from "@tidegate/core/plugin";

/**
 * A job as one look at its cluster shows it. `conclude` asks for how it ended where the list does not say;
 * `undefined` means that it has not ended after all, and if it rejects, the next look tries again.
 */
export type Sighting<End> =
  | "running"
  | "missing"
  | { readonly end: End }
  | { readonly conclude: () => Promise<End | undefined> };

/** Settings of a watch. */
export interface JobWatchSettings<End> {
  readonly clock: Clock;
  /** Interval between two looks, ms; a slow look is followed by a rest of three times its duration. */
  readonly pollIntervalMs: number;
  /** How long the service may be unreachable before all waits fail, ms. */
  readonly unreachableMs: number;
  /** The service's name in messages. */
  readonly service: string;
  /**
   * Looks at the cluster once for all jobs that are waited for.
   *
   * @param signal - the lifetime of whoever watches
   */
  look(jobIds: readonly string[], signal: AbortSignal): Promise<(jobId: string) => Sighting<End>>;
  /** Returns whether an error of `look` means that the service is away; any other fails all waits. */
  isAway(error: unknown): boolean;
  /** Returns whether a job that the last looks have missed, for this long, is lost. */
  isLost(missed: { readonly looks: number; readonly ms: number }): boolean;
}

/** Somebody who waits for a job. */
interface Waiter<End> {
  readonly end: (end: End | "lost") => void;
  readonly fail: (error: unknown) => void;
}

/** The waiters for one job. */
interface Watched<End> {
  readonly waiters: Set<Waiter<End>>;
  /** How many looks in a row have lacked the job. */
  missedLooks: number;
  /** Since when, epoch ms. */
  missingSince: number | undefined;
  isConcluding: boolean;
}

/** A slow look burdens its cluster: the rest after it is this many times its duration. */
const REST = 3;

/** Watch for the ends of all jobs of a cluster: one look serves all waits, and there is none while nobody waits. */
export class JobWatch<End> {
  readonly #settings: JobWatchSettings<End>;
  readonly #byId = new Map<string, Watched<End>>();
  #isLooping = false;
  #awaySince: number | undefined;

  constructor(settings: JobWatchSettings<End>) {
    this.#settings = settings;
  }

  /**
   * Returns how a job ended; `lost` if its cluster no longer knows it.
   *
   * @param lifetime - of whoever watches: when it is aborted, all waits fail with its reason
   * @throws Error when the service is unreachable for longer than `unreachableMs`
   * @throws the reason of either signal when it is aborted
   */
  end(jobId: string, signal: AbortSignal, lifetime: AbortSignal): Promise<End | "lost"> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      lifetime.throwIfAborted();
      const watched = this.#byId.get(jobId) ?? this.#watch(jobId);
      const settled = (): void => {
        signal.removeEventListener("abort", stop);
        watched.waiters.delete(waiter);
      };
      const waiter: Waiter<End> = {
        end: (end) => {
          settled();
          resolve(end);
        },
        fail: (error) => {
          settled();
          reject(error);
        },
      };
      const stop = (): void => {
        waiter.fail(signal.reason);
        if (watched.waiters.size === 0 && this.#byId.get(jobId) === watched) this.#byId.delete(jobId);
      };
      signal.addEventListener("abort", stop, { once: true });
      watched.waiters.add(waiter);
      if (!this.#isLooping) void this.#loop(lifetime);
    });
  }

  #watch(jobId: string): Watched<End> {
    const watched = {
      waiters: new Set<Waiter<End>>(),
      missedLooks: 0,
      missingSince: undefined,
      isConcluding: false,
    };
    this.#byId.set(jobId, watched);
    return watched;
  }

  async #loop(lifetime: AbortSignal): Promise<void> {
    const { clock, pollIntervalMs } = this.#settings;
    this.#isLooping = true;
    this.#awaySince = undefined;
    try {
      while (this.#byId.size > 0) {
        const startedAt = clock.now();
        await this.#look(lifetime);
        const tookMs = clock.now() - startedAt;
        if (this.#byId.size > 0)
          await pause(clock, Math.max(pollIntervalMs - tookMs, REST * tookMs), lifetime);
      }
    } catch (error) {
      this.#failAll(error);
    } finally {
      this.#isLooping = false;
    }
  }

  async #look(lifetime: AbortSignal): Promise<void> {
    try {
      const asked = [...this.#byId];
      const sightingOf = await this.#settings.look(
        asked.map(([jobId]) => jobId),
        lifetime,
      );
      lifetime.throwIfAborted();
      this.#awaySince = undefined;
      for (const [jobId, watched] of asked) {
        if (this.#byId.get(jobId) === watched) this.#see(jobId, watched, sightingOf(jobId));
      }
    } catch (error) {
      lifetime.throwIfAborted();
      if (!this.#settings.isAway(error)) throw error;
      this.#bear(error);
    }
  }

  #see(jobId: string, watched: Watched<End>, sighting: Sighting<End>): void {
    if (watched.isConcluding) return;
    if (sighting === "missing") {
      this.#miss(jobId, watched);
      return;
    }
    watched.missedLooks = 0;
    watched.missingSince = undefined;
    if (sighting === "running") return;
    if ("end" in sighting) this.#settle(jobId, watched, sighting.end);
    else this.#conclude(jobId, watched, sighting.conclude);
  }

  #miss(jobId: string, watched: Watched<End>): void {
    const now = this.#settings.clock.now();
    watched.missedLooks += 1;
    watched.missingSince ??= now;
    const missed = { looks: watched.missedLooks, ms: now - watched.missingSince };
    if (this.#settings.isLost(missed)) this.#settle(jobId, watched, "lost");
  }

  #conclude(jobId: string, watched: Watched<End>, conclude: () => Promise<End | undefined>): void {
    watched.isConcluding = true;
    void conclude()
      .then((end) => end !== undefined && this.#settle(jobId, watched, end))
      // The service did not respond: the next look tries again.
      .catch(() => undefined)
      .finally(() => {
        watched.isConcluding = false;
      });
  }

  #settle(jobId: string, watched: Watched<End>, end: End | "lost"): void {
    if (this.#byId.get(jobId) === watched) this.#byId.delete(jobId);
    for (const waiter of [...watched.waiters]) waiter.end(end);
  }

  /** An unreachable cluster may come back, with its jobs or without. */
  #bear(error: unknown): void {
    const { clock, unreachableMs, service } = this.#settings;
    this.#awaySince ??= clock.now();
    if (clock.now() - this.#awaySince < unreachableMs) return;
    const message = `The job's end is not known: ${service} has not answered for ${unreachableMs / 1_000} s. ${messageOf(error)}`;
    this.#failAll(new Error(message, { cause: error }));
  }

  #failAll(error: unknown): void {
    const all = [...this.#byId.values()];
    this.#byId.clear();
    for (const { waiters } of all) for (const waiter of [...waiters]) waiter.fail(error);
  }
}
