import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { subtract } from "../interval/interval-set.js";
import type { TouchedInterval, TouchedTime } from "../job/job-outcome.js";
import type { LedgerCuts } from "../planning/ledger-cuts.js";
import type { Run } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { LateReport } from "../store/late-table.js";

/** Returns whether any of the time that a run has touched may be late data. */
export function mayBeLate({ groupId, lower, upper }: Run, touched: readonly TouchedTime[]): boolean {
  return touched.some(
    (time) =>
      (time.groupId ?? groupId) !== groupId ||
      time.intervals.some((interval) => interval.lower < lower || interval.upper > upper),
  );
}

/** Returns the ids of the groups whose time a run has touched, each once. */
export function touchedGroups({ groupId }: Run, touched: readonly TouchedTime[]): string[] {
  return [...new Set(touched.map((time) => time.groupId ?? groupId))];
}

/**
 * Returns what a run reports of a group: the touched time outside its own interval, as whole intervals of the
 * group, as far as those have been planned. What is still to be planned is not late.
 */
export function lateReportsOf(
  run: Run,
  touched: readonly TouchedTime[],
  schedule: Schedule,
  cuts: LedgerCuts,
  at: EpochMs,
): LateReport[] {
  const {
    spec: { groupId },
    incarnation,
  } = schedule;
  const isOwn = groupId === run.groupId;
  const whole = ({ lower, upper }: Interval): Interval =>
    schedule.status === "SOURCE"
      ? { lower, upper }
      : { lower: cuts.notAfter(lower), upper: cuts.notBefore(upper) };
  const outside = (interval: Interval): readonly Interval[] =>
    isOwn ? subtract([interval], [run]) : [interval];
  const rowsOf = new Map<string, Interval & { readonly rows: number | null }>();
  const add = ({ lower, upper }: Interval, rows: number | undefined): void => {
    const key = `${lower} ${upper}`;
    const known = rowsOf.get(key);
    const sum = rows === undefined ? (known?.rows ?? null) : (known?.rows ?? 0) + rows;
    rowsOf.set(key, { lower, upper, rows: sum });
  };
  const parts: readonly TouchedInterval[] = touched
    .filter((time) => (time.groupId ?? run.groupId) === groupId)
    .flatMap(({ intervals }) => intervals);
  for (const { rows, ...interval } of parts) {
    const late = outside(interval).flatMap((part) => outside(whole(part)));
    const planned = late.flatMap(({ lower, upper }) =>
      lower < schedule.watermark ? [{ lower, upper: Math.min(upper, schedule.watermark) }] : [],
    );
    // Rows of an interval that is only partly late cannot be told apart.
    for (const part of planned)
      add(part, late.length === 1 && isOutside(interval, run, isOwn) ? rows : undefined);
  }
  return [...rowsOf.values()].map(({ lower, upper, rows }) => ({
    groupId,
    incarnation,
    lower,
    upper,
    reportedBy: run.groupId,
    runId: run.id,
    rowsLate: rows,
    at,
  }));
}

function isOutside(interval: Interval, run: Interval, isOwn: boolean): boolean {
  return !isOwn || interval.upper <= run.lower || interval.lower >= run.upper;
}
