import type { EpochMs } from "../clock/clock.js";
import { type IntervalSet, intersect, subtract, toSet } from "../interval/interval-set.js";
import { covers } from "../run/covering.js";
import { isEnded } from "../run/lane.js";
import type { Run } from "../run/run.js";
import { SCHEDULE_STATUSES, type ScheduleStatus } from "../schedule/status.js";
import type { MissingTimeQuery } from "./run-ledger.js";

/** The fields of a run that decide on what it covers. */
export type CoveringRun = Pick<Run, "lower" | "upper" | "state" | "reason">;

/** How far a ledger reaches. */
export interface LedgerReach {
  readonly origin: EpochMs;
  readonly watermark: EpochMs;
  readonly status: ScheduleStatus;
}

/**
 * Returns the time of a query that may be missing: before and behind the ledger, and that of runs which do
 * not cover it. All other time is covered, because runs tile the ledger from its origin to its watermark: so
 * a store need not read the runs that simply succeeded. Reports of a source group leave gaps: all its time may
 * be missing.
 *
 * @param others - all runs that are not superseded, have not succeeded, and intersect the query's interval
 */
export function suspectTime(
  { within, by }: MissingTimeQuery,
  { origin, watermark, status }: LedgerReach,
  others: readonly CoveringRun[],
): IntervalSet {
  if (status === "SOURCE") return [within];
  const { isRegistered } = SCHEDULE_STATUSES[status];
  const suspects = others.filter((run) => !covers(by, run, isRegistered));
  const outside = subtract([within], toSet([{ lower: origin, upper: Math.max(origin, watermark) }]));
  return intersect(toSet([...outside, ...suspects]), [within]);
}

/**
 * Returns the part of a query's interval that is not covered.
 *
 * @param suspects - the time that may be missing
 * @param runs - all runs that are not superseded and intersect any of it
 */
export function missingTime(
  { within, by, isQuiet = false }: MissingTimeQuery,
  suspects: IntervalSet,
  runs: readonly CoveringRun[],
  status: ScheduleStatus,
): IntervalSet {
  const { isRegistered } = SCHEDULE_STATUSES[status];
  const missing = subtract(suspects, toSet(runs.filter((run) => covers(by, run, isRegistered))));
  if (!isQuiet) return missing;
  const open = intersect(toSet(runs.filter(({ state }) => !isEnded(state))), [within]);
  return toSet([...missing, ...open]);
}
