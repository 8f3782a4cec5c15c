import type { Interval } from "../../interval/boundaries.js";
import type { Run } from "../../run/run.js";
import { OrderedList } from "./ordered-list.js";
import { comparePositions, type RunPosition } from "./run-position.js";

/** The part of an index to iterate over, and the direction. */
export interface RunSpan {
  /** Only runs that intersect this interval, or equal it if it is empty. */
  readonly within?: Interval | undefined;
  /** Only runs behind this position, in the direction of the order. */
  readonly after?: RunPosition | undefined;
  readonly isDescending?: boolean;
}

/** Rows of runs in the order of the ledger. */
export class RunIndex<Row extends { readonly run: Run }> {
  readonly #rows = new OrderedList<Row>((a, b) => comparePositions(a.run, b.run));
  /**
   * The length of the longest run so far: how long before an interval a run that reaches into it may begin.
   */
  #longestMs = 0;

  get isEmpty(): boolean {
    return this.#rows.last() === undefined;
  }

  insert(row: Row): void {
    this.#longestMs = Math.max(this.#longestMs, row.run.upper - row.run.lower);
    this.#rows.insert(row);
  }

  delete(row: Row): void {
    this.#rows.delete(row);
  }

  /** Returns the runs of exactly this interval, by generation. */
  ofInterval(interval: Interval): Iterable<Row> {
    const last = this.#rows.last();
    const isNew = last === undefined || last.run.lower < interval.lower;
    return isNew ? [] : this.#same(interval);
  }

  *rows(span: RunSpan = {}): Generator<Row> {
    const { within } = span;
    for (const row of span.isDescending === true ? this.#backward(span) : this.#forward(span)) {
      if (within === undefined || intersects(row.run, within)) yield row;
    }
  }

  *#same({ lower, upper }: Interval): Generator<Row> {
    for (const row of this.#rows.ascending(({ run }) => run.lower < lower)) {
      if (row.run.lower > lower) return;
      if (row.run.upper === upper) yield row;
    }
  }

  *#forward({ within, after }: RunSpan): Generator<Row> {
    const { first, end } = this.#lowerBounds(within);
    const isBefore = ({ run }: Row): boolean =>
      run.lower < first || (after !== undefined && comparePositions(run, after) <= 0);
    for (const row of this.#rows.ascending(isBefore)) {
      if (row.run.lower >= end) return;
      yield row;
    }
  }

  *#backward({ within, after }: RunSpan): Generator<Row> {
    const { first, end } = this.#lowerBounds(within);
    const isAfter = ({ run }: Row): boolean =>
      run.lower >= end || (after !== undefined && comparePositions(run, after) >= 0);
    for (const row of this.#rows.descending(isAfter)) {
      if (row.run.lower < first) return;
      yield row;
    }
  }

  /**
   * Returns the lower bounds that a run which intersects the interval can have: from `first` to before `end`.
   */
  #lowerBounds(within: Interval | undefined): { readonly first: number; readonly end: number } {
    if (within === undefined) return { first: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY };
    const { lower, upper } = within;
    return upper > lower ? { first: lower - this.#longestMs, end: upper } : { first: lower, end: lower + 1 };
  }
}

function intersects({ lower, upper }: Run, within: Interval): boolean {
  if (within.lower === within.upper) return lower === within.lower && upper === within.upper;
  return lower < within.upper && upper > within.lower;
}
