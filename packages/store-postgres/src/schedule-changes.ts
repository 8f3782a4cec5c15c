import type { NewSchedule, ScheduleChange, ScheduleSpec } from "@tidegate/core";
import { labelText } from "./listings.js";

/** A new schedule as the functions in the database read it. */
export function newScheduleRow(added: NewSchedule, no: number): object {
  const { spec, ...rest } = added;
  return { no, groupId: spec.groupId, ...rest, ...specColumns(spec) };
}

/** A change as the functions in the database read it. */
export function scheduleChangeRow(change: ScheduleChange): object {
  const { expected, spec, revivesCancelled, ...rest } = change;
  return {
    ...rest,
    version: expected.version,
    statuses: expected.statuses,
    setsReason: change.statusReason !== undefined,
    setsNextFire: change.nextFireAt !== undefined,
    hasSpec: spec !== undefined,
    revivesReason: revivesCancelled?.reason,
    revivesFrom: revivesCancelled?.from,
    ...(spec === undefined ? {} : { ...specColumns(spec.spec), tzdata: spec.tzdata }),
  };
}

/** A specification is kept as its JSON text: nothing in the database looks into it. */
function specColumns(spec: ScheduleSpec): object {
  return {
    spec: JSON.stringify(spec),
    engine: spec.engine,
    delayMs: spec.delayMs,
    labels: Object.entries(spec.labels).map(([key, value]) => labelText(key, value)),
  };
}
