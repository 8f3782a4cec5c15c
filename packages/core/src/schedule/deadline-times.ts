import type { EpochMs } from "../clock/clock.js";
import { ScheduleError } from "../errors/errors.js";
import { zoneOf } from "../trigger/zone/zone.js";
import { instantAfter } from "./after-interval.js";
import type { Deadline } from "./deadline.js";
import { Grid, type GridSpec, type NominalInterval } from "./grid.js";
import { earliestStart } from "./not-before.js";
import type { ScheduleSpec } from "./schedule.js";

/** The fields of a schedule that its deadlines depend on. */
export type DeadlineSpec = GridSpec & Pick<ScheduleSpec, "notBefore" | "deadline">;

/** When an interval of a schedule with a deadline can begin to be met, and when it has to be. */
export interface DeadlineTimes {
  /** When its run can start at the earliest, epoch ms. */
  readonly dueAt: EpochMs;
  /** When it has to have succeeded, epoch ms. */
  readonly deadlineAt: EpochMs;
}

/** Returns when an interval is due and when its deadline is. */
export function timesOf(
  { timezone, notBefore, delayMs }: DeadlineSpec,
  deadline: Deadline,
  { upper, scheduledTime }: NominalInterval,
): DeadlineTimes {
  const zone = zoneOf(timezone);
  const dueAt = scheduledTime + delayMs;
  return {
    dueAt: notBefore == null ? dueAt : Math.max(dueAt, earliestStart(notBefore, upper, zone)),
    deadlineAt: instantAfter(deadline, upper, zone),
  };
}

/** How many intervals are checked against their deadlines: enough for a year of days. */
const CHECKED_INTERVALS = 400;

/**
 * Refuses a deadline that no run could meet, since it lies before the run can be due.
 *
 * @param from - an instant from which on intervals are checked, epoch ms
 * @throws ScheduleError DEADLINE_BEFORE_DUE
 */
export function refuseEarlyDeadline(spec: DeadlineSpec, from: EpochMs): void {
  const { deadline } = spec;
  if (deadline == null) return;
  const grid = new Grid(spec);
  let lower = Math.max(from, grid.origin() ?? from);
  for (let checked = 0; checked < CHECKED_INTERVALS; checked += 1) {
    const interval = grid.next(lower);
    if (interval === undefined || interval.upper === lower) return;
    const { dueAt, deadlineAt } = timesOf(spec, deadline, interval);
    if (deadlineAt <= dueAt) throw deadlineBeforeDue(deadline, interval, { dueAt, deadlineAt });
    lower = interval.upper;
  }
}

function deadlineBeforeDue(
  deadline: Deadline,
  { lower, upper }: NominalInterval,
  { dueAt, deadlineAt }: DeadlineTimes,
): ScheduleError {
  const field = "afterMs" in deadline ? "deadline.afterMs" : "deadline.at";
  const [from, to, due, end] = [lower, upper, dueAt, deadlineAt].map((at) => new Date(at).toISOString());
  return new ScheduleError(
    "DEADLINE_BEFORE_DUE",
    `${field}: must be after the time at which a run is due (delayMs and notBefore included). The interval from ${from} to ${to} is due at ${due}, but its deadline is ${end}. Choose a later time${"at" in deadline ? ", or add `days`" : ""}.`,
    { field },
  );
}
