/** Codes of errors of the store as a whole, which no single group, run or call causes. */
const STORE_WIDE: ReadonlySet<unknown> = new Set([
  "STORE_UNAVAILABLE",
  "STORE_LOCKED",
  "STORE_READ_ONLY",
  "STORE_FULL",
  "STORE_NEWER",
  "STORE_CLOSED",
]);

/** Returns whether an error of this code is the store's as a whole, so that a repetition soon may succeed. */
export function isStoreWide(code: unknown): boolean {
  return STORE_WIDE.has(code);
}
