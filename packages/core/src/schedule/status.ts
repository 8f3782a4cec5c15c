import { ScheduleError } from "../errors/errors.js";

/** The meaning of a status for the planner, for the schedule's engine and for the user. */
export interface StatusTraits {
  /** Whether the schedule plans what it owes, so that its fires count as due. */
  readonly plans: boolean;
  /** Whether the engine should hold the schedule. */
  readonly isHeld: boolean;
  /** Whether the engine is still to be notified. */
  readonly owesEngine: boolean;
  /** Whether the group can be used: it has a schedule, or is a source group. */
  readonly isRegistered: boolean;
  /** Whether schedules in this status are listed unless a filter says otherwise. */
  readonly isListed: boolean;
}

/**
 * The status of a schedule and its engine.
 *
 * `REGISTERING`: stored, the engine is still to be notified. `REGISTERED`: the engine holds this version.
 * `FAILED`: the engine refused it, or its source needs a decision; `statusReason` says why, and it is retried. `PAUSED`: plans and
 * starts nothing. `DELETING`: the engine is still to be notified. `DELETED`: removed from the engine; its
 * ledger is kept. `SOURCE`: a source group, which has no schedule: others report what it covers.
 */
export type ScheduleStatus =
  | "REGISTERING"
  | "REGISTERED"
  | "FAILED"
  | "PAUSED"
  | "DELETING"
  | "DELETED"
  | "SOURCE";

/** The traits of each status. */
export const SCHEDULE_STATUSES: Readonly<Record<ScheduleStatus, StatusTraits>> = {
  REGISTERING: { plans: true, isHeld: true, owesEngine: true, isRegistered: true, isListed: true },
  REGISTERED: { plans: true, isHeld: true, owesEngine: false, isRegistered: true, isListed: true },
  FAILED: { plans: true, isHeld: true, owesEngine: true, isRegistered: true, isListed: true },
  PAUSED: { plans: false, isHeld: false, owesEngine: false, isRegistered: true, isListed: true },
  DELETING: { plans: false, isHeld: false, owesEngine: true, isRegistered: false, isListed: true },
  DELETED: { plans: false, isHeld: false, owesEngine: false, isRegistered: false, isListed: false },
  SOURCE: { plans: false, isHeld: false, owesEngine: false, isRegistered: true, isListed: false },
};

/** Returns the statuses that have a trait. */
export function statusesThat(trait: keyof StatusTraits): readonly ScheduleStatus[] {
  return (Object.keys(SCHEDULE_STATUSES) as ScheduleStatus[]).filter(
    (status) => SCHEDULE_STATUSES[status][trait],
  );
}

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
  if (status === "SOURCE") throw sourceGroup(groupId);
  const allowed = statusesFor(action).join(", ");
  throw new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Schedule ${groupId} is ${status}; ${action} is possible when it is ${allowed}.`,
  );
}

/** Returns the error for a request that only a group with a schedule can meet. */
export function sourceGroup(groupId: string): ScheduleError {
  return new ScheduleError(
    "SCHEDULE_STATUS_ILLEGAL",
    `Group ${groupId} is a source group: others report what it covers, and it has no schedule. Give the schedule another groupId, or purge the source group first.`,
    { field: "groupId" },
  );
}
