/** Limit on the bad rows that a run may have and still succeed. */
export interface DirtyDataLimit {
  /** Most bad rows, at least 0. */
  readonly maxRows?: number;
  /** Largest share of bad rows among the rows read, from 0 to 1. */
  readonly maxRatio?: number;
}
