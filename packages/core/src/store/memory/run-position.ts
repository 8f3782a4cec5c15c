import type { Run } from "../../run/run.js";

/** The position of a run in every listing. */
export type RunPosition = Pick<Run, "lower" | "generation" | "upper" | "id">;

/** Compares by the order of the ledger: lower bound, then generation, then upper bound, then id. */
export function comparePositions(a: RunPosition, b: RunPosition): number {
  return a.lower - b.lower || a.generation - b.generation || a.upper - b.upper || compareText(a.id, b.id);
}

/** Returns whether a value, as read from a cursor, is a position. */
export function isRunPosition(value: unknown): value is RunPosition {
  const { lower, generation, upper, id } = (value ?? {}) as Partial<Record<keyof RunPosition, unknown>>;
  return [lower, generation, upper].every(Number.isSafeInteger) && typeof id === "string";
}

/** Compares by code units, which for the ASCII ids of runs and groups is byte order. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
