import type { ClockTimer, EpochMs } from "../clock/clock.js";
import type { FleetClock } from "../clock/fleet-clock.js";
import type { ClaimedRun } from "../store/run-queue.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { Attempt } from "./attempt.js";

/** Dependencies of `Leases`. */
export interface LeasesParts {
  readonly store: ScheduleStore;
  readonly clock: FleetClock;
  /** How long a silent manager keeps a run, ms. */
  readonly leaseMs: number;
  /** How often to look whether another process has requested that a run be cancelled, ms. */
  readonly pollMs: number;
  readonly onTrouble: (error: unknown) => void;
}

/** The runs that this manager has active, each for as long as its lease is renewed. */
export class Leases {
  readonly #parts: LeasesParts;
  readonly #active = new Map<string, Attempt>();
  #timer: ClockTimer | undefined;
  #cancelTimer: ClockTimer | undefined;
  /** The renewal in progress that submissions wait for. */
  #renewing: Promise<void> | undefined;
  /** Lease end set by the last renewal, epoch ms. */
  #until: EpochMs = 0;

  constructor(parts: LeasesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#active.size;
  }

  get(runId: string): Attempt | undefined {
    return this.#active.get(runId);
  }

  add(attempt: Attempt): void {
    // Runs that are claimed while none is active need no renewal of their own, however long ago the last one was.
    if (this.#active.size === 0) this.#until = attempt.leaseUntil;
    this.#active.set(attempt.run.id, attempt);
  }

  remove({ run }: Attempt): void {
    this.#active.delete(run.id);
    if (this.#active.size === 0) this.#rest();
  }

  /** Takes over a claim on a run that is already active here; returns `false` if it is not. */
  adopt({ run, token }: ClaimedRun): boolean {
    const own = this.#active.get(run.id);
    if (own === undefined) return false;
    own.token = token;
    own.leaseUntil = run.leaseUntil ?? own.leaseUntil;
    return true;
  }

  /**
   * Ensures that a run stays this manager's for long enough to submit a job: the answer to a claim may have come late,
   * or this process may have stood still since, or its machine may have been suspended. Half of the lease must be left,
   * so that whoever takes the run over later need not reckon with a request that has only just been sent, which `find`
   * would not see.
   *
   * @returns `true` at once unless the lease has to be renewed first
   */
  secure(attempt: Attempt): true | Promise<boolean> {
    if (this.#isSecure(attempt)) return true;
    // One renewal serves all that ask meanwhile; an attempt that it does not cover asks again.
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing.then(() => this.#isSecure(attempt));
  }

  /**
   * Renews after each third of the lease, as long as anything is active. In a shared store, looks more often
   * whether anything is to be cancelled.
   */
  keep(): void {
    this.#watchForCancels();
    const { clock, leaseMs, onTrouble } = this.#parts;
    if (this.#timer !== undefined || this.#active.size === 0) return;
    this.#timer = clock.wakeAfter(leaseMs / 3, () => {
      this.#timer = undefined;
      this.#renew()
        .catch((error: unknown) => {
          onTrouble(error);
          this.#abandonLapsed();
        })
        .finally(() => this.keep());
    });
  }

  /** A process that was suspended for longer than its leases must not recover its own runs from itself. */
  async catchUp(): Promise<void> {
    const { clock, leaseMs } = this.#parts;
    if (this.#active.size > 0 && clock.now() > this.#until - leaseMs / 3) await this.#renew();
  }

  /**
   * Leaves all active runs to whoever claims them next, at once. A run whose submission is in progress keeps
   * its lease: `find` could not see its job yet, so the next holder would submit another.
   */
  async release(): Promise<void> {
    this.#rest();
    const left = [...this.#active.values()];
    this.#active.clear();
    for (const attempt of left) attempt.abandon("stopping");
    const { store, clock, onTrouble } = this.#parts;
    const settled = left.filter(({ isSubmitting }) => !isSubmitting);
    // If the store is unavailable, the leases lapse.
    await store.renewLeases(settled.map(heldBy), clock.now()).catch(onTrouble);
  }

  #rest(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#cancelTimer?.cancel();
    this.#cancelTimer = undefined;
  }

  #watchForCancels(): void {
    const { store, clock, pollMs, onTrouble } = this.#parts;
    if (!store.isShared || this.#cancelTimer !== undefined || this.#active.size === 0) return;
    this.#cancelTimer = clock.wakeAfter(pollMs, () => {
      this.#cancelTimer = undefined;
      this.#cancelMarked([...this.#active.keys()])
        .catch(onTrouble)
        .finally(() => this.#watchForCancels());
    });
  }

  /** A clock that may be behind proves nothing: it is read again soon, and the lease renewed by what it says then. */
  #isSecure({ isAbandoned, leaseUntil }: Attempt): boolean {
    const { clock, leaseMs } = this.#parts;
    return !isAbandoned && !clock.mayBeBehind() && clock.now() <= leaseUntil - leaseMs / 2;
  }

  async #renew(): Promise<void> {
    const { store, clock, leaseMs } = this.#parts;
    const attempts = [...this.#active.values()];
    const until = clock.now() + leaseMs;
    const states = await store.renewLeases(attempts.map(heldBy), until);
    this.#until = until;
    const marked: string[] = [];
    for (const [index, attempt] of attempts.entries()) {
      const state = states[index];
      if (state?.isHeld === false && this.#active.get(attempt.run.id) === attempt)
        attempt.abandon("lease-lost");
      else attempt.leaseUntil = until;
      if (state?.isCancelRequested) marked.push(attempt.run.id);
    }
    if (marked.length > 0) await this.#cancelMarked(marked);
  }

  async #cancelMarked(ids: readonly string[]): Promise<void> {
    const marks = await this.#parts.store.cancelMarks(ids);
    for (const { id, reason } of marks) this.#active.get(id)?.cancel(reason);
  }

  /** A manager that cannot renew must assume that others have the runs by now. */
  #abandonLapsed(): void {
    const now = this.#parts.clock.now();
    for (const attempt of this.#active.values()) if (attempt.leaseUntil <= now) attempt.abandon("lease-lost");
  }
}

function heldBy({ run, token }: Attempt): { id: string; token: number } {
  return { id: run.id, token };
}
