import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
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
  /** The end of the newest snapshot that has succeeded, epoch ms. @default there is none */
  readonly copiedUpTo?: EpochMs | null | undefined;
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
 * Returns the part of a query's interval that is not covered. A snapshot that has succeeded has the rows of runs before its end
 * that have ended, and everything before the ledger begins.
 *
 * @param suspects - the time that may be missing
 * @param runs - all runs that are not superseded and intersect any of it
 */
export function missingTime(
  { within, by, isQuiet = false }: MissingTimeQuery,
  suspects: IntervalSet,
  runs: readonly CoveringRun[],
  { origin, status, copiedUpTo }: Pick<LedgerReach, "origin" | "status" | "copiedUpTo">,
): IntervalSet {
  const { isRegistered } = SCHEDULE_STATUSES[status];
  const covered = toSet(runs.filter((run) => covers(by, run, isRegistered)));
  const before = { lower: Math.min(within.lower, origin), upper: origin };
  const copied = copiedUpTo == null ? [] : [before, ...copiedTime(runs, copiedUpTo)];
  const missing = subtract(suspects, toSet([...covered, ...copied]));
  if (!isQuiet) return missing;
  const open = intersect(toSet(runs.filter(({ state }) => !isEnded(state))), [within]);
  return toSet([...missing, ...open]);
}

/** Returns the time of ended runs whose rows a snapshot has, which ends at an instant. */
export function copiedTime(
  runs: readonly Pick<CoveringRun, "lower" | "upper" | "state">[],
  upTo: EpochMs,
): Interval[] {
  const ended = runs.filter(({ lower, state }) => isEnded(state) && lower < upTo);
  return ended.map(({ lower, upper }) => ({ lower, upper: Math.min(upper, upTo) }));
}
