import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, subtract, toSet } from "../interval/interval-set.js";
import type { Run, RunReport } from "./run.js";

/** A run that stands in a source group, as far as a report depends on it. */
export type StandingReport = Pick<Run, "id" | "lower" | "upper" | "generation" | "report">;

/** A stretch of time that one run is to stand for. */
export interface ReportedPart extends Interval {
  readonly generation: number;
  readonly report: RunReport;
}

/** The effect of a report on what stands. */
export interface ReportEffect {
  /** Ids of the runs that the parts replace. */
  readonly supersedes: readonly string[];
  /** Ascending. None if the report says nothing new. */
  readonly parts: readonly ReportedPart[];
  /** The time that is covered now and was not, or has another version. */
  readonly changed: IntervalSet;
}

/**
 * Decides what a report of coverage changes. Time that is covered already stays as it is if the report names
 * no version, or the same one; with another version it is a generation more. Runs that it cuts keep the rest
 * of their time, generation and version, so that nothing becomes stale whose data have not changed. The
 * generation of an instant never falls, so no two runs of an interval have the same one. Pure.
 *
 * @param standing - all runs that overlap the interval and are not superseded, in any order
 */
export function effectOfReport(
  standing: readonly StandingReport[],
  { lower, upper, ...report }: Interval & RunReport,
): ReportEffect {
  const supersedes: string[] = [];
  const kept: ReportedPart[] = [];
  const fresh: Interval[] = [...subtract([{ lower, upper }], toSet(standing))];
  const redone: ReportedPart[] = fresh.map((part) => ({ ...part, generation: 0, report }));
  for (const run of standing) {
    const before = run.report ?? { version: null, note: "" };
    if (report.version === null || before.version === report.version) continue;
    supersedes.push(run.id);
    const common = { lower: Math.max(lower, run.lower), upper: Math.min(upper, run.upper) };
    redone.push({ ...common, generation: run.generation + 1, report });
    const { generation } = run;
    if (run.lower < common.lower)
      kept.push({ lower: run.lower, upper: common.lower, generation, report: before });
    if (common.upper < run.upper)
      kept.push({ lower: common.upper, upper: run.upper, generation, report: before });
  }
  return {
    supersedes,
    parts: [...merged(redone), ...kept].sort((a, b) => a.lower - b.lower),
    changed: toSet(redone),
  };
}

/** Joins parts of one generation that touch. */
function merged(parts: readonly ReportedPart[]): ReportedPart[] {
  const joined: ReportedPart[] = [];
  for (const part of [...parts].sort((a, b) => a.lower - b.lower)) {
    const last = joined.at(-1);
    if (last !== undefined && last.upper === part.lower && last.generation === part.generation)
      joined[joined.length - 1] = { ...last, upper: part.upper };
    else joined.push(part);
  }
  return joined;
}
