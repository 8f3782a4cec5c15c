/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it as `cursor` for the page after this one; absent on the last. */
  readonly next?: string;
}

/** Which page of a listing. */
export interface PageRequest {
  /**
   * `next` of the page before; absent for the first. It stands for a place in the order, so that what changes between two
   * pages neither repeats nor hides anything else.
   */
  readonly cursor?: string;
  /** At most this many items, 1 to 1,000. @default 100 */
  readonly limit?: number;
}
