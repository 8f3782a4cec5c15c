/** Returns what was thrown, wrapped in an `Error` if it is none. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
