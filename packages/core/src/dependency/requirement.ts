import type { Interval } from "../interval/boundaries.js";
import type { Dependency, DependencyTimeout } from "./dependency.js";
import { durationMs } from "./shift.js";
import { type WindowCalendar, windowOf } from "./window.js";

/** A dependency of one run: how much of which time a group's ledger must cover. */
export interface Requirement {
  readonly groupId: string;
  /** Empty if it asks for nothing: see `windowOf`. */
  readonly window: Interval;
  readonly satisfiedBy: "succeeded" | "settled";
  readonly beforeOrigin: "wait" | "ignore";
  /** How much of the window may be missing, ms. */
  readonly toleranceMs: number;
  readonly timeout?: DependencyTimeout;
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
  const { timeout, satisfiedBy, beforeOrigin = "ignore" } = dependency;
  const window = windowOf(dependency.window, interval, calendar);
  return {
    groupId: dependency.groupId,
    window,
    satisfiedBy: satisfiedBy ?? (dependency.groupId === groupId ? "settled" : "succeeded"),
    beforeOrigin,
    toleranceMs: toleranceOf(dependency.atLeast ?? "100%", window.upper - window.lower),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

function toleranceOf(atLeast: NonNullable<Dependency["atLeast"]>, lengthMs: number): number {
  if (typeof atLeast !== "string") return durationMs(atLeast.missing);
  return lengthMs * (1 - Number.parseFloat(atLeast) / 100);
}
