import type { EpochMs } from "../clock/clock.js";

/** Begins a backfill, or returns the one that this id began before. */
export type BeginBackfill = (request: {
  readonly id: string;
  readonly groupId: string;
  readonly from: EpochMs;
  readonly to: EpochMs;
  readonly select: "all";
  readonly concurrency?: number;
}) => Promise<unknown>;
