import { hash } from "node:crypto";
import type { Interval } from "../interval/boundaries.js";
import type { Run } from "./run.js";

/** Time that has succeeded in one generation. */
export interface GenerationRange extends Interval {
  readonly generation: number;
}

const DIGEST_DIGITS = 16;

/**
 * Joins runs of one generation where each begins as the one before ends, cut to a window.
 *
 * @param runs - those that have succeeded and are not superseded, not empty, by lower bound, then generation,
 *   then upper bound
 */
export function mergeGenerations(
  runs: Iterable<GenerationRange>,
  { lower, upper }: Interval,
): GenerationRange[] {
  const ranges: { lower: number; upper: number; readonly generation: number }[] = [];
  for (const run of runs) {
    if (run.lower >= upper || run.upper <= lower || run.lower === run.upper) continue;
    const last = ranges.at(-1);
    if (last?.upper === run.lower && last.generation === run.generation) last.upper = run.upper;
    else ranges.push({ lower: run.lower, upper: run.upper, generation: run.generation });
  }
  return ranges.map((range) => ({
    lower: Math.max(range.lower, lower),
    upper: Math.min(range.upper, upper),
    generation: range.generation,
  }));
}

/** Returns the text that is digested, so that a database can do so itself. */
export function generationText(
  incarnation: string,
  ranges: readonly GenerationRange[],
  lateReports = 0,
): string {
  const parts = ranges.map(({ lower, upper, generation }) => `${lower}-${upper}:${generation}`);
  const late = lateReports === 0 ? [] : [`late:${lateReports}`];
  return [incarnation, ...parts, ...late].join("\n");
}

/**
 * Returns a digest of what has succeeded in a window: the first 16 hex digits of the SHA-256 of `generationText`.
 *
 * @param incarnation - `Schedule.incarnation`, since a purged ledger's generations begin anew; empty if the group
 *   has none
 * @param lateReports - how often the group's own jobs have reported late data of the window
 */
export function generationDigestOf(
  incarnation: string,
  ranges: readonly GenerationRange[],
  lateReports = 0,
): string {
  return hash("sha256", generationText(incarnation, ranges, lateReports), "hex").slice(0, DIGEST_DIGITS);
}

/** Returns whether a run counts for the digest. */
export function isDigested({ state, isSuperseded }: Pick<Run, "state" | "isSuperseded">): boolean {
  return state === "SUCCEEDED" && !isSuperseded;
}
