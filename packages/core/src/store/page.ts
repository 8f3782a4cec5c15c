/** A page of a listing. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Pass it as `cursor` to get the next page; absent on the last. */
  readonly next?: string;
}

/** A request for one page of a listing. */
export interface PageRequest {
  /**
   * `next` of the previous page; absent for the first. It stands for a position in the order, so that changes
   * between two pages neither repeat nor hide other items.
   */
  readonly cursor?: string;
  /** At most this many items, 1 to 1,000. @default 100 */
  readonly limit?: number;
}
