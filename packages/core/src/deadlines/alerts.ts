import type { KeptDeadline } from "../store/deadline-table.js";
import type { DeadlineRecord, DeadlineState } from "./deadline-record.js";

/** The alerts of a deadline. */
export type DeadlineAlert = "at-risk" | "missed" | "recovered";

/** An event of a deadline. */
export interface DeadlineEvent extends DeadlineRecord {
  /**
   * The same whenever this event is emitted, which a manager may do again if another one was killed. An interval that is
   * at risk or missed once more has events of their own.
   */
  readonly id: string;
}

/** The alerts that lead from what listeners know to what is, in order. */
const PATHS: Readonly<
  Partial<Record<DeadlineState, Partial<Record<DeadlineState, readonly DeadlineAlert[]>>>>
> = {
  PENDING: { AT_RISK: ["at-risk"], MISSED: ["missed"], LATE: ["missed", "recovered"] },
  AT_RISK: {
    ON_TIME: ["recovered"],
    MISSED: ["missed"],
    LATE: ["missed", "recovered"],
    EXCUSED: ["recovered"],
  },
  MISSED: { LATE: ["recovered"], EXCUSED: ["recovered"] },
  // A group's freshness may be lost again, and a deadline that was excused may be expected anew.
  LATE: { MISSED: ["missed"] },
  EXCUSED: { AT_RISK: ["at-risk"], MISSED: ["missed"], LATE: ["missed", "recovered"] },
};

/** Returns the alerts of a record that have not been published yet. Pure. */
export function alertsOf({ told, state }: Pick<KeptDeadline, "told" | "state">): readonly DeadlineAlert[] {
  return PATHS[told]?.[state] ?? [];
}

/** Returns the event of an alert. */
export function eventOf(record: DeadlineRecord, alert: DeadlineAlert): DeadlineEvent {
  const { groupId, subject, lower, upper, deadlineAt, state, reason, since, metAt } = record;
  const id = [groupId, subject, lower, upper, deadlineAt, since, alert].join("/");
  return { id, groupId, subject, lower, upper, deadlineAt, state, reason, since, metAt };
}
