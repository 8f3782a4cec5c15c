import type { Interval } from "../interval/boundaries.js";
import type { CoveredBy } from "../run/run.js";
import type { Dependency, DependencyTimeout, RestatePolicy } from "./dependency.js";
import { durationMs } from "./shift.js";
import { type WindowCalendar, windowOf } from "./window.js";

/** A dependency of one run: how much of which time a group's ledger must cover. */
export interface Requirement {
  readonly groupId: string;
  /** Empty if it asks for nothing: see `windowOf`. */
  readonly window: Interval;
  readonly by: CoveredBy;
  /** See `MissingTimeQuery.isQuiet`. */
  readonly isQuiet: boolean;
  /** @default "ignore", for a source group "wait" */
  readonly beforeOrigin: "wait" | "ignore" | undefined;
  readonly atLeast: NonNullable<Dependency["atLeast"]>;
  readonly timeout?: DependencyTimeout;
  /**
   * Whether the run also reads all time before the window, which then may not be about to be run again.
   * @default false
   */
  readonly isWhole?: boolean;
  /** See `Dependency.onRestate`. */
  readonly onRestate: RestatePolicy;
}

/**
 * Returns what a dependency asks for, for one run.
 *
 * @param groupId - the group that depends
 */
export function requirementOf(
  dependency: Dependency,
  groupId: string,
  interval: Interval,
  calendar: WindowCalendar,
): Requirement {
  const { atLeast = "100%", beforeOrigin, onRestate = "mark", satisfiedBy, timeout } = dependency;
  const isOwn = dependency.groupId === groupId;
  return {
    groupId: dependency.groupId,
    window: windowOf(dependency.window, interval, calendar),
    by: satisfiedBy ?? (isOwn ? "settled" : "succeeded"),
    isQuiet: false,
    beforeOrigin,
    atLeast,
    onRestate,
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/**
 * Returns what `dependsOnPast` asks for, for one run: that the interval which ends where its own begins, or
 * all time before that, is settled, no run of it is in progress and no backfill is to run it again. So re-runs go in order as well.
 *
 * @param origin - where the group's ledger begins, epoch ms
 */
export function pastRequirement(
  past: boolean | "previous" | "all",
  groupId: string,
  { lower }: Interval,
  calendar: WindowCalendar,
  origin: number,
): Requirement {
  const from = past === "all" ? Math.min(origin, lower) : calendar.cut(lower, -1);
  const window = { lower: from, upper: lower };
  return {
    groupId,
    window,
    by: "settled",
    isQuiet: true,
    beforeOrigin: "ignore",
    atLeast: "100%",
    onRestate: "ignore",
  };
}

/** Percentages have at most six decimal places. */
const PARTS_OF_A_PERCENT = 1_000_000;

/** Returns how much of a window may be missing, whole ms. */
export function toleranceMs({ atLeast }: Pick<Requirement, "atLeast">, lengthMs: number): number {
  if (typeof atLeast !== "string") return durationMs(atLeast.missing);
  // As a fraction of 1, 80 % would leave a little less than 20 %.
  const needed = Math.round(Number.parseFloat(atLeast) * PARTS_OF_A_PERCENT);
  const whole = 100 * PARTS_OF_A_PERCENT;
  return Number((BigInt(lengthMs) * BigInt(whole - needed)) / BigInt(whole));
}
