import { ScheduleError } from "../errors/errors.js";
import type { ScheduleStatus } from "./schedule.js";

/** What can be asked of a schedule, or happen to it. */
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
 * The state machine of a schedule: for each action, where it leads from each status. What is not here is refused.
 * A paused schedule stays paused through an update; its engine is told when it is resumed.
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

/** Where an action leads, or `undefined` when it is not allowed in this status. */
export function nextStatus(status: ScheduleStatus, action: ScheduleAction): ScheduleStatus | undefined {
  return TRANSITIONS[action][status];
}

/** The statuses in which an action is allowed. */
export function statusesFor(action: ScheduleAction): readonly ScheduleStatus[] {
  return Object.keys(TRANSITIONS[action]) as ScheduleStatus[];
}

/**
 * Where an action leads.
 *
 * @throws ScheduleError SCHEDULE_STATUS_ILLEGAL naming the statuses in which it is allowed
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
