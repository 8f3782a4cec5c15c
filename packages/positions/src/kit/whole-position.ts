import { wrong } from "./source-errors.js";

const WHOLE = /^-?\d{1,40}$/;

/**
 * Compares two positions that are whole numbers of any size.
 *
 * @throws SourceError SOURCE_INVALID if one is none
 */
export function compareWhole(a: string, b: string): number {
  const [left, right] = [wholeOf(a), wholeOf(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

/**
 * Returns the number of a position.
 *
 * @throws SourceError SOURCE_INVALID if it is none
 */
export function wholeOf(position: string): bigint {
  if (WHOLE.test(position)) return BigInt(position);
  throw wrong(`"${position}" is no position of this source: it must be a whole number.`);
}

/** Returns the greatest of some positions; `undefined` for none. */
export function greatest(...positions: readonly (string | undefined)[]): string | undefined {
  return positions.reduce((most, position) => {
    if (most === undefined || position === undefined) return most ?? position;
    return compareWhole(most, position) < 0 ? position : most;
  }, undefined);
}

/** Returns the smaller of two positions. */
export function smaller(a: string, b: string): string {
  return compareWhole(a, b) <= 0 ? a : b;
}

/** Returns the position right behind a number. */
export function behind(position: string): string {
  return String(wholeOf(position) + 1n);
}
