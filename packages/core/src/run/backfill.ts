import type { EpochMs } from "../clock/clock.js";

/**
 * Which intervals of the range a backfill runs: `missing`, those that no run has done, is doing or has failed at;
 * `failed`; `incomplete`, both of these; or `all`.
 */
export type BackfillSelect = "missing" | "failed" | "incomplete" | "all";

/** `RUNNING` until every interval of the range has been planned and its runs have ended. */
export type BackfillState = "RUNNING" | "DONE" | "CANCELLED";

/** Runs of a past range, made a few at a time beside the live schedule. */
export interface Backfill {
  readonly id: string;
  readonly groupId: string;
  /** Inclusive, epoch ms. */
  readonly lower: EpochMs;
  /** Exclusive, epoch ms. */
  readonly upper: EpochMs;
  readonly select: BackfillSelect;
  /** How many of its runs may be active at once, at least 1. */
  readonly concurrency: number;
  /** Up to here intervals have been looked at, epoch ms. */
  readonly cursor: EpochMs;
  readonly state: BackfillState;
  /** Runs planned so far, and how many of these have not ended. */
  readonly plannedRuns: number;
  readonly openRuns: number;
  readonly createdAt: EpochMs;
  readonly updatedAt: EpochMs;
}
