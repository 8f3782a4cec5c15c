import { type Page, type PageRequest, StoreError } from "@tidegate/core";

const DEFAULT_LIMIT = 100;

/** Returns the most items that a page may have. */
export function limitOf({ limit }: PageRequest): number {
  return limit ?? DEFAULT_LIMIT;
}

/**
 * Makes a page of rows that were read with one more than the limit, which shows whether another page follows.
 */
export function pageOf<Row, T>(
  rows: readonly Row[],
  limit: number,
  view: (row: Row) => T,
  cursorOf: (row: Row) => string,
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(view),
    ...(rows.length > limit && last !== undefined ? { next: cursorOf(last) } : {}),
  };
}

/** A run's position in a listing. */
export interface RunPosition {
  readonly lower: number;
  readonly generation: number;
  readonly upper: number;
  readonly id: string;
}

/** Returns the cursor of a page that ends with this run. */
export function runCursor({ lower, generation, upper, id }: RunPosition): string {
  return JSON.stringify([lower, generation, upper, id]);
}

/**
 * Parses a cursor of `runCursor`.
 *
 * @throws StoreError ARGUMENT_INVALID
 */
export function parseRunCursor(cursor: string): RunPosition {
  const [lower, generation, upper, id] = partsOf(cursor) as [number, number, number, string];
  return { lower, generation, upper, id };
}

/**
 * Returns the four parts of a cursor.
 *
 * @throws StoreError ARGUMENT_INVALID if it has other parts, or is not JSON
 */
export function partsOf(cursor: string): readonly [unknown, unknown, unknown, unknown] {
  try {
    const parts: unknown = JSON.parse(cursor);
    if (Array.isArray(parts) && parts.length === 4) return parts as [unknown, unknown, unknown, unknown];
  } catch {
    // Falls through to the refusal.
  }
  throw new StoreError("ARGUMENT_INVALID", "cursor: is not one that a page of this listing gave.", {
    field: "cursor",
  });
}
