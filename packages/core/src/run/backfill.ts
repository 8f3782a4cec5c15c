import type { EpochMs } from "../clock/clock.js";

/**
 * The intervals of the range that a backfill runs: `missing`, those that no run has done, is doing or has failed at;
 * `failed`; `incomplete`, both of these; or `all`. An interval for which a run is under way is passed over.
 */
export type BackfillSelect = "missing" | "failed" | "incomplete" | "all";

/**
 * `RUNNING` until every interval of the range has been planned and its runs have ended; then `DONE`. `FAILED` if its next
 * runs could not be planned, as `reason` says.
 */
export type BackfillState = "RUNNING" | "DONE" | "CANCELLED" | "FAILED";

/** Runs of a past range, made a few at a time beside the live schedule. */
export interface Backfill {
  readonly id: string;
  readonly groupId: string;
  /** Inclusive, epoch ms. An interval that it cuts runs as a whole. */
  readonly lower: EpochMs;
  /** Exclusive, epoch ms. An interval that it cuts runs as a whole. */
  readonly upper: EpochMs;
  readonly select: BackfillSelect;
  /** How many of its runs may be active at once, at least 1. */
  readonly concurrency: number;
  /** What begins before here has been planned or passed over, epoch ms. */
  readonly cursor: EpochMs;
  readonly state: BackfillState;
  /** Why it has failed. */
  readonly reason: string | null;
  /** Runs planned so far, and how many of these have not ended. */
  readonly plannedRuns: number;
  readonly openRuns: number;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}
