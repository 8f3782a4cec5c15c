import type { Schedule } from "../../schedule/schedule.js";
import { checkedSpec } from "../../schedule/stored-spec.js";
import type { ScheduleChange } from "../schedule-table.js";
import { frozenCopy } from "./frozen-copy.js";
import type { Group } from "./rows.js";

/** Returns whether a change may be made to the current state of a group. */
export function allows({ schedule, runs }: Group, { expected, origin }: ScheduleChange): boolean {
  if (schedule.version !== expected.version || !expected.statuses.includes(schedule.status)) return false;
  if (origin === undefined) return true;
  const hasBegun = schedule.watermark !== schedule.origin;
  return !hasBegun && (origin === schedule.origin || runs.isEmpty);
}

/** Writes a change's fields into the schedule itself. */
export function applyScheduleChange(group: Group, schedule: Group["schedule"], change: ScheduleChange): void {
  const { updatedAt, origin } = change;
  if (change.status !== undefined) schedule.status = change.status;
  if (change.statusReason !== undefined) schedule.statusReason = change.statusReason;
  if (change.nextFireAt !== undefined) schedule.nextFireAt = change.nextFireAt;
  if (origin !== undefined) {
    schedule.origin = origin;
    schedule.watermark = origin;
  }
  if (change.offsets !== undefined) schedule.offsets = frozenCopy(change.offsets);
  schedule.updatedAt = updatedAt;
  if (change.spec !== undefined) addVersion(group, schedule, change.spec, updatedAt);
}

function addVersion(
  { versions }: Group,
  schedule: { -readonly [Field in keyof Schedule]: Schedule[Field] },
  { spec, tzdata }: NonNullable<ScheduleChange["spec"]>,
  createdAt: number,
): void {
  const { groupId, engine } = spec;
  const { origin } = schedule;
  Object.assign(schedule, checkedSpec(frozenCopy(spec), { groupId, engine, origin }));
  schedule.version += 1;
  const { version, unreadable, watermark: since } = schedule;
  versions.push(Object.freeze({ version, spec: schedule.spec, unreadable, tzdata, since, createdAt }));
}
