import { StoreError } from "../../errors/errors.js";
import type { Page, PageRequest } from "../page.js";

const DEFAULT_LIMIT = 100;

/** How a listing becomes pages. */
export interface Paging<T, U, Position> {
  /** What the caller gets of a row. */
  readonly view: (row: T) => U;
  /** Where a row stands in the listing's order; the page after begins behind it. */
  readonly positionOf: (row: T) => Position;
}

/** The first page of these rows, which begin behind the request's cursor. */
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
 * The position that a page's cursor stands for.
 *
 * @throws StoreError STORE_FAILED where the cursor is not one that `takePage` made
 */
export function positionAfter<Position>(
  { cursor }: PageRequest,
  isPosition: (value: unknown) => value is Position,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const position = decode(cursor);
  if (isPosition(position)) return position;
  throw new StoreError("STORE_FAILED", `cursor: "${cursor}" did not come from a page of this listing.`, {
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
