import type { EpochMs } from "../clock/clock.js";

/**
 * The intervals of the range that a backfill runs: `missing`, those that no run has processed, is processing
 * or has failed at; `failed`; `incomplete`, both of these; or `all`. Intervals with a run in progress are
 * skipped.
 */
export type BackfillSelect = "missing" | "failed" | "incomplete" | "all";

/**
 * `RUNNING` until every interval of the range has been planned and its runs have ended; then `DONE`. `FAILED`
 * if its next runs could not be planned; `reason` says why.
 */
export type BackfillState = "RUNNING" | "DONE" | "CANCELLED" | "FAILED";

/** Runs of a past range, made a few at a time beside the live schedule. */
export interface Backfill {
  /** The id that was given, or a random one. */
  readonly id: string;
  /** The group whose past runs again. */
  readonly groupId: string;
  /** Inclusive, epoch ms. An interval that this bound cuts runs as a whole. */
  readonly lower: EpochMs;
  /** Exclusive, epoch ms. An interval that this bound cuts runs as a whole. */
  readonly upper: EpochMs;
  /** Which intervals of the range run. */
  readonly select: BackfillSelect;
  /** How many of its runs may be active at once, at least 1. */
  readonly concurrency: number;
  /** Everything that begins before this has been planned or skipped, epoch ms. */
  readonly cursor: EpochMs;
  /** `RUNNING` until every interval of the range has been planned and its runs have ended. */
  readonly state: BackfillState;
  /** Why it failed. */
  readonly reason: string | null;
  /** Runs planned so far; `openRuns` of these have not ended. */
  readonly plannedRuns: number;
  /** Planned runs that have not ended. */
  readonly openRuns: number;
  /** When it was requested, epoch ms. */
  readonly createdAt: EpochMs;
  /** When it changed last, epoch ms. */
  readonly updatedAt: EpochMs;
}

/** Begins the ids of a restatement's backfills: what reads their time waits until it has been run again. */
export const RESTATEMENT = "restate-";

/** Begins the ids of backfills of stale runs. */
export const STALENESS = "stale-";

/** Begins the ids of backfills that read earlier intervals again: see `ScheduleInfo.lookback`. */
export const LOOKBACK = "lookback-";

/** Begins the ids of backfills of time that other groups' jobs have touched: see `ScheduleInfo.onLate`. */
export const LATE_DATA = "late-data-";

/** Beginnings of ids that Tidegate gives itself. */
export const OWN_BACKFILLS: readonly string[] = [RESTATEMENT, STALENESS, LOOKBACK, LATE_DATA];
