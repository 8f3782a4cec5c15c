import { StoreError } from "../../errors/errors.js";
import type { Page, PageRequest } from "../page.js";

const DEFAULT_LIMIT = 100;

/** Settings of a paged listing. */
export interface Paging<T, U, Position> {
  /** Converts a row to what the caller gets. */
  readonly view: (row: T) => U;
  /** Returns a row's position in the listing's order; the next page begins behind it. */
  readonly positionOf: (row: T) => Position;
}

/** Returns the first page of these rows, which begin behind the request's cursor. */
export function takePage<T, U, Position>(
  rows: Iterable<T>,
  { limit = DEFAULT_LIMIT }: PageRequest,
  { view, positionOf }: Paging<T, U, Position>,
): Page<U> {
  const items: U[] = [];
  let last: T | undefined;
  for (const row of rows) {
    if (last !== undefined && items.length >= limit) return { items, next: encode(positionOf(last)) };
    items.push(view(row));
    last = row;
  }
  return { items };
}

/**
 * Parses a page's cursor into a position.
 *
 * @throws StoreError STORE_FAILED if `takePage` did not make the cursor
 */
export function positionAfter<Position>(
  { cursor }: PageRequest,
  isPosition: (value: unknown) => value is Position,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const position = decode(cursor);
  if (isPosition(position)) return position;
  throw new StoreError("ARGUMENT_INVALID", `cursor: "${cursor}" did not come from a page of this listing.`, {
    field: "cursor",
  });
}

function encode(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
