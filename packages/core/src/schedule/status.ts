import { ScheduleError } from "../errors/errors.js";
import type { ScheduleStatus } from "./schedule.js";

/** Statuses in which a schedule plans what it owes. */
export const PLANNING_STATUSES: readonly ScheduleStatus[] = ["REGISTERING", "REGISTERED", "FAILED"];

/** An action on a schedule, or an event in its life. */
export type ScheduleAction =
  | "engine-accepted"
  | "engine-refused"
  | "update"
  | "pause"
  | "resume"
  | "unregister"
  | "engine-released"
  | "register-again";

/**
 * The state machine of a schedule: for each action, the next status from each status. Anything not listed is
 * refused. A paused schedule stays paused through an update; its engine is notified when it is resumed.
 */
const TRANSITIONS: Readonly<Record<ScheduleAction, Partial<Record<ScheduleStatus, ScheduleStatus>>>> = {
  "engine-accepted": { REGISTERING: "REGISTERED", FAILED: "REGISTERED" },
  "engine-refused": { REGISTERING: "FAILED", FAILED: "FAILED" },
  update: { REGISTERING: "REGISTERING", REGISTERED: "REGISTERING", FAILED: "REGISTERING", PAUSED: "PAUSED" },
  pause: { REGISTERING: "PAUSED", REGISTERED: "PAUSED", FAILED: "PAUSED", PAUSED: "PAUSED" },
  resume: { PAUSED: "REGISTERING" },
  unregister: { REGISTERING: "DELETING", REGISTERED: "DELETING", FAILED: "DELETING", PAUSED: "DELETING" },
  "engine-released": { DELETING: "DELETED" },
  "register-again": { DELETED: "REGISTERING" },
};

/** Returns the next status, or `undefined` if the action is not allowed in this status. */
export function nextStatus(status: ScheduleStatus, action: ScheduleAction): ScheduleStatus | undefined {
  return TRANSITIONS[action][status];
}

/** Returns the statuses in which an action is allowed. */
export function statusesFor(action: ScheduleAction): readonly ScheduleStatus[] {
  return Object.keys(TRANSITIONS[action]) as ScheduleStatus[];
}

/**
 * Returns the next status.
 *
 * @throws ScheduleError SCHEDULE_STATUS_ILLEGAL naming the statuses in which the action is allowed
 */
export function transition(groupId: string, status: ScheduleStatus, action: ScheduleAction): ScheduleStatus {
  const next = nextStatus(status, action);
  if (next !== undefined) return next;
  const allowed = statusesFor(action).join(", ");
  throw new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Schedule ${groupId} is ${status}; ${action} is possible when it is ${allowed}.`,
  );
}
