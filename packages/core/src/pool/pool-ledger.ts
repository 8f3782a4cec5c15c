import type { EpochMs } from "../clock/clock.js";
import { shareOf } from "../job/share-of.js";
import type { Pool } from "./pool.js";

/** The virtual times of one line of a pool: how much each fairness key has had, in slots divided by its weight. */
interface LineTimes {
  /** The virtual time of the line: no key is behind it. */
  time: number;
  /** Keys that are ahead of the line. */
  keys: Record<string, number>;
}

/** The changing part of a pool, as a store keeps it beside the definition. JSON. */
export interface PoolRecord {
  /** How many runs may begin at `filledAt`. */
  readonly tokens?: number;
  readonly filledAt?: EpochMs;
  /** How many runs in a row were of no backlog. */
  readonly streak: number;
  /** By line: its virtual time, and those of the keys that are ahead of it. */
  readonly lines: Readonly<
    Record<string, { readonly time: number; readonly keys: Readonly<Record<string, number>> }>
  >;
}

/** The record of a pool from which nothing was taken. */
export const NEW_RECORD: PoolRecord = { streak: 0, lines: {} };

/** A streak need not be known beyond this. */
const LONGEST_STREAK = 1_000;

/** How far the clocks of two managers may differ, ms; one that is further behind was set back, and waits for nothing. */
const MOST_SKEW_MS = 10_000;

/**
 * Accounts of a pool during a claim: its free slots, its rate, and how much each fairness key has had.
 *
 * Fairness is start-time fair queueing: a run begins at the virtual time of its key, or at that of its line if the
 * key was idle, and moves its key on by its slots divided by its weight. Each priority has lines of its own, and so
 * have backlogs, so that one does not blur the order within another.
 */
export class PoolLedger {
  readonly pool: Pool;
  free: number;
  /** Slots that backlogs use. */
  backlogSlots: number;
  #tokens: number;
  readonly #now: EpochMs;
  #streak: number;
  readonly #lines: Record<string, LineTimes>;
  #isChanged = false;

  constructor(
    pool: Pool,
    { tokens, filledAt, streak, lines }: PoolRecord,
    {
      now,
      used,
      backlogSlots,
    }: { readonly now: EpochMs; readonly used: number; readonly backlogSlots: number },
  ) {
    this.pool = pool;
    this.#now = now;
    this.free = pool.slots - used;
    this.backlogSlots = backlogSlots;
    this.#streak = streak;
    this.#lines = structuredClone(lines) as Record<string, LineTimes>;
    const { perSecond } = pool;
    const most = Math.max(1, perSecond ?? 1);
    const elapsedMs = now - (filledAt ?? now);
    const filled = elapsedMs < -MOST_SKEW_MS ? most : ((perSecond ?? 0) * Math.max(0, elapsedMs)) / 1_000;
    this.#tokens = perSecond === null ? Number.POSITIVE_INFINITY : Math.min(most, (tokens ?? most) + filled);
  }

  /** Whether anything was taken. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** A run that needs more than the pool has takes all of it. */
  slotsFor(slots: number): number {
    return Math.min(slots, this.pool.slots);
  }

  /** When the next run may begin by the rate, epoch ms. */
  get mayBeginAt(): EpochMs {
    if (this.#tokens >= 1) return this.#now;
    return this.#now + Math.ceil(((1 - this.#tokens) * 1_000) / this.pool.perSecond!);
  }

  /** Whether a backlog's run would exceed its share, which does not matter unless others wait. */
  exceedsShare(slots: number): boolean {
    const most = Math.max(1, shareOf(this.pool.slots, this.pool.backfillShare));
    return this.backlogSlots > 0 && this.backlogSlots + slots > most;
  }

  /** Whether it is a backlog's turn, if both wait. */
  get isBacklogsTurn(): boolean {
    const { backfillShare } = this.pool;
    return this.#streak >= (1 - backfillShare) / backfillShare;
  }

  /** How far a key is ahead of its line. */
  lead(line: string, key: string): number {
    const times = this.#lines[line];
    return times === undefined ? 0 : Math.max(0, (times.keys[key] ?? 0) - times.time);
  }

  take(line: string, key: string, { slots, weight, isBacklog }: Taking): void {
    this.#isChanged = true;
    this.free -= slots;
    this.#tokens -= 1;
    if (isBacklog) this.backlogSlots += slots;
    this.#streak = isBacklog ? 0 : Math.min(LONGEST_STREAK, this.#streak + 1);
    this.#lines[line] ??= { time: 0, keys: {} };
    const times = this.#lines[line];
    const start = Math.max(times.time, times.keys[key] ?? 0);
    times.time = start;
    times.keys[key] = start + slots / weight;
  }

  record(): PoolRecord {
    const lines = Object.entries(this.#lines).map(([line, { time, keys }]) => {
      // A key that is not ahead is as good as one that was never seen.
      const ahead = Object.entries(keys).filter(([, at]) => at > time);
      return [line, { time, keys: Object.fromEntries(ahead) }] as const;
    });
    return {
      ...(this.pool.perSecond === null ? {} : { tokens: this.#tokens, filledAt: this.#now }),
      streak: this.#streak,
      lines: Object.fromEntries(lines),
    };
  }
}

/** A run that is taken. */
export interface Taking {
  readonly slots: number;
  readonly weight: number;
  readonly isBacklog: boolean;
}
