import type { Clock } from "../clock/clock.js";
import { Waits } from "../clock/waits.js";
import type { JobLog } from "../job/job-log.js";
import { LogLines } from "../job/log-lines.js";
import type { OfflineJobRequest } from "../job/offline-job-request.js";
import type { ScheduleOperator } from "../operator/operator.js";
import { attemptOrdinal } from "../run/attempts.js";
import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { Shard } from "../shard/shard.js";
import type { FilledShardPolicy } from "../shard/shard-policy.js";
import { Attempt } from "./attempt.js";
import { offsetsOf, progressOf, shardSpec } from "./shard-as-run.js";
import type { ShardLedger } from "./shard-ledger.js";
import { NotReadable } from "./source-check.js";

/** Dependencies of `ShardCrew`. */
export interface ShardCrewParts {
  readonly clock: Clock;
  readonly operator: ScheduleOperator;
  readonly run: Run;
  readonly spec: ScheduleSpec;
  readonly policy: FilledShardPolicy;
  readonly ledger: ShardLedger;
  /** The request of the run's attempt. */
  readonly request: OfflineJobRequest;
  /** Whether shards that were never attempted may have a job all the same. */
  readonly mayHaveJobs: boolean;
  /** See `AttemptParts.secure`. */
  readonly secure: () => true | Promise<boolean>;
  /**
   * Compares a shard with the run's source before it is submitted, given as a run with its own id and positions.
   *
   * @default the run has no positions
   * @throws NotReadable
   */
  readonly checkSource?: (part: Run) => Promise<void> | undefined;
  readonly onTrouble: (error: unknown) => void;
}

/** Errors of a shard that say that the source has changed, so that the split no longer describes it. */
const STALE: ReadonlySet<string> = new Set(["SPLIT_STALE", "SCHEMA_CHANGED"]);

/**
 * Carries out the shards of a run that have not succeeded: as many at once as the policy allows, the heaviest
 * first. A shard is attempted like a run: its attempt is recorded before it is submitted, and a job that may
 * exist is looked for by the shard's key.
 */
export class ShardCrew {
  readonly #parts: ShardCrewParts;
  readonly #spec: ScheduleSpec;
  readonly #waits: Waits;
  /** The ordinal of the run's attempt, over all retries. */
  readonly #runAttempt: number;
  readonly #queue: Shard[];
  readonly #attempts = new Map<string, Attempt>();
  /** Ids of the shards that are at work, their attempts or not yet. */
  readonly #atWork = new Set<string>();
  readonly #log = new LogLines();
  /** Ids of those whose job has succeeded, and whose success is being recorded. */
  readonly #succeeding = new Set<string>();
  /** How many wait for their next attempt. */
  #waiting = 0;
  #ending: "halted" | "cancelled" | "abandoned" | undefined;
  #failure: unknown;
  #onIdle: (() => void)[] = [];
  /** Whether another attempt of the run may help. */
  isRetryable = true;
  /** Whether a shard has found that the split no longer fits its source. */
  isStale = false;
  /** The reason why a shard can no longer be read; the other shards are stopped. @default all can */
  unread: NotReadable | undefined;
  /** Shortest wait before the next attempt of the run, ms. */
  retryAfterMs = 0;
  /** Shards that were not submitted at their last attempt, since their source lacks positions or cannot be asked. */
  readonly #unreadable = new Map<string, NotReadable>();

  constructor(parts: ShardCrewParts) {
    this.#parts = parts;
    this.#spec = shardSpec(parts.spec);
    this.#waits = new Waits(parts.clock);
    this.#runAttempt = attemptOrdinal(parts.run);
    this.#queue = parts.ledger.shards
      .filter((shard) => shard.state !== "SUCCEEDED" && !this.#isUsedUp(shard))
      .sort((a, b) => b.weight - a.weight);
  }

  /** Whether a `submit` is in progress. */
  get isSubmitting(): boolean {
    return [...this.#attempts.values()].some(({ isSubmitting }) => isSubmitting);
  }

  /** The last lines of its shards, each behind the key of its shard, in the order in which their attempts ended. */
  get log(): JobLog | undefined {
    return this.#log.log;
  }

  /** Resolves when nothing is left to do, or the crew was ended. @throws if a record was refused */
  async carryOut(): Promise<void> {
    const isFailing = this.#parts.policy.onFailure === "fail-fast";
    if (isFailing && this.#parts.ledger.shards.some((shard) => this.#isUsedUp(shard))) return this.cancel();
    await this.#idle(() => this.#pump());
  }

  /** Begins no other shard. */
  halt(): void {
    this.#ending ??= "halted";
    this.#waits.wake();
  }

  /**
   * Cancels all shards at work, and those whose jobs may still be working: also a job that an attempt leaves behind which
   * had ended by then, and is being recorded. Resolves when no job is working, or the crew was abandoned.
   */
  async cancel(): Promise<void> {
    this.#ending = "cancelled";
    this.#waits.wake();
    for (const attempt of this.#attempts.values()) attempt.cancel("cancelled");
    do {
      await this.#idle(() => {
        for (const shard of this.#open) this.#start(shard);
        this.#pump();
      });
    } while (this.#ending === "cancelled" && this.#open.length > 0);
  }

  /** The shards whose jobs may be working. */
  get #open(): Shard[] {
    return this.#parts.ledger.shards.filter(({ isJobOpen }) => isJobOpen);
  }

  /** Leaves all shards to whoever claims the run next. */
  abandon(): void {
    this.#ending = "abandoned";
    this.#waits.wake();
    for (const attempt of this.#attempts.values()) attempt.abandon("stopping");
  }

  #idle(begin: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#onIdle.push(() => (this.#failure === undefined ? resolve() : reject(this.#failure)));
      begin();
    });
  }

  #pump(): void {
    const { concurrency } = this.#parts.policy;
    while (this.#ending === undefined && this.#atWork.size - this.#succeeding.size < concurrency) {
      const shard = this.#queue.shift();
      if (shard === undefined) break;
      this.#start(shard);
    }
    const isDone = this.#ending !== undefined || this.#queue.length + this.#waiting === 0;
    if (this.#atWork.size > 0 || !isDone) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }

  #start(shard: Shard): void {
    if (this.#atWork.has(shard.id)) return;
    this.#atWork.add(shard.id);
    this.#carryOut(shard)
      .catch((error: unknown) => {
        this.#failure ??= error;
        this.abandon();
      })
      .finally(() => {
        this.#atWork.delete(shard.id);
        this.#succeeding.delete(shard.id);
        this.#pump();
      });
  }

  async #carryOut(before: Shard): Promise<void> {
    const { clock, ledger, policy } = this.#parts;
    const mayHaveJob = this.#parts.mayHaveJobs || before.isJobOpen || before.attempt > 0;
    const shard = this.#isResumed(before) ? before : await this.#begin(before);
    if (this.#ending === "abandoned") return;
    const attempt = this.#attemptOf(shard);
    this.#attempts.set(shard.id, attempt);
    if (this.#ending === "cancelled") attempt.cancel("cancelled");
    const end = await attempt.carryOut(mayHaveJob).finally(() => this.#attempts.delete(shard.id));
    if (end === undefined) return;
    for (const line of attempt.log?.lines ?? []) this.#log.add(`${shard.key}: ${line}`);
    const now = ledger.get(shard.id) ?? shard;
    const unread = this.#unreadable.get(shard.id);
    this.#unreadable.delete(shard.id);
    if (unread?.hold === undefined) this.unread ??= unread;
    if (end.state !== "PLANNED") {
      const recorded = ledger.write(now, { ...progressOf(end), touched: attempt.touched });
      if (end.state === "SUCCEEDED") this.#makeRoom(shard);
      await recorded;
      if (end.state === "FAILED") {
        this.isStale ||= STALE.has(end.error?.code ?? "");
        this.#failed(false);
      }
      return;
    }
    const delayMs = (end.readyAt ?? end.at) - clock.now();
    if (unread !== undefined) {
      // Its attempts are for its job.
      const held = await ledger.write(now, { ...progressOf(end), attempt: end.attempt ?? shard.attempt });
      this.#again(held, delayMs);
      return;
    }
    if (shard.attempt < policy.maxAttempts) {
      const planned = await ledger.write(now, progressOf(end));
      this.#again(planned, delayMs);
    } else {
      await ledger.write(now, { ...progressOf(end), state: "FAILED", endedAt: clock.now() });
      this.retryAfterMs = Math.max(this.retryAfterMs, delayMs);
      this.#failed(true);
    }
  }

  /** The next shard begins in the same write that records the success of one: each write waits for the disk. */
  #makeRoom({ id }: Shard): void {
    this.#succeeding.add(id);
    this.#pump();
  }

  #again(shard: Shard, delayMs: number): void {
    if (this.#ending !== undefined) return;
    this.#waiting += 1;
    void this.#waits.pause(delayMs).then(() => {
      this.#waiting -= 1;
      this.#queue.unshift(shard);
      this.#pump();
    });
  }

  #failed(isRetryable: boolean): void {
    if (!isRetryable) this.isRetryable = false;
    const isOver = this.isStale || this.unread !== undefined || this.#parts.policy.onFailure === "fail-fast";
    if (!isOver || this.#ending !== undefined) return;
    this.#ending = "cancelled";
    this.#waits.wake();
    for (const attempt of this.#attempts.values()) attempt.cancel("cancelled");
  }

  /** A shard that has failed for good in this attempt of the run, which another manager may have begun. */
  #isUsedUp({ state, runAttempt }: Shard): boolean {
    return state === "FAILED" && runAttempt === this.#runAttempt;
  }

  /** A shard that another manager was carrying out in this attempt of the run, or that is to be stopped as it is. */
  #isResumed({ state, runAttempt }: Shard): boolean {
    if (this.#ending === "cancelled") return true;
    const isActive = state === "SUBMITTING" || state === "RUNNING";
    return isActive && runAttempt === this.#runAttempt;
  }

  /** Records the next attempt of a shard before anything is submitted. */
  #begin(shard: Shard): Promise<Shard> {
    const { clock, ledger } = this.#parts;
    const runAttempt = this.#runAttempt;
    return ledger.write(shard, {
      state: "SUBMITTING",
      attempt: shard.runAttempt === runAttempt ? shard.attempt + 1 : 1,
      runAttempt,
      isJobOpen: true,
      jobId: null,
      jobAddress: null,
      submittedAt: clock.now(),
      startedAt: null,
      endedAt: null,
      metrics: null,
      touched: [],
    });
  }

  /** Remembers why a shard was not submitted, since its attempt ends like one that has failed, or is to be made again. */
  async #checkSource(shard: Shard): Promise<void> {
    const { run, checkSource } = this.#parts;
    try {
      await checkSource?.({ ...run, id: shard.id, offsets: offsetsOf(shard, run) });
    } catch (error) {
      if (error instanceof NotReadable) this.#unreadable.set(shard.id, error);
      throw error;
    }
  }

  #attemptOf(shard: Shard): Attempt {
    const { clock, operator, run, request, ledger, secure, checkSource, onTrouble } = this.#parts;
    const { id, key, args, attempt, jobId, jobAddress, submittedAt, startedAt } = shard;
    const { count, snapshotToken } = ledger;
    const state = shard.state === "RUNNING" ? "RUNNING" : "SUBMITTING";
    const part = { key, args, count, ...(snapshotToken === null ? {} : { snapshotToken }) };
    return new Attempt(
      { ...run, id, state, attempt, jobId, jobAddress, submittedAt, startedAt, history: [] },
      0,
      {
        clock,
        operator,
        spec: this.#spec,
        request: { ...request, idempotencyKey: id, attempt, shard: part },
        change: async (change) => {
          await ledger.write(shard, progressOf(change));
          return true;
        },
        secure,
        ...(checkSource === undefined ? {} : { checkSource: () => this.#checkSource(shard) }),
        onTrouble,
      },
    );
  }
}
