import type { JobMetrics } from "./job-outcome.js";
import { shareOf } from "./share-of.js";

/** Limit on the bad rows that a run may have and still succeed. */
export interface DirtyDataLimit {
  /** Most bad rows, at least 0. */
  readonly maxRows?: number;
  /** Largest share of bad rows among the rows read, from 0 to 1. */
  readonly maxRatio?: number;
}

/** Returns whether a job met more bad rows than a limit allows. */
export function exceedsDirtyDataLimit(
  { rowsDirty = 0, rowsRead = 0 }: JobMetrics,
  { maxRows, maxRatio }: DirtyDataLimit,
): boolean {
  if (maxRows !== undefined && rowsDirty > maxRows) return true;
  return maxRatio !== undefined && rowsDirty > shareOf(rowsRead, maxRatio);
}
