import type { ScheduleSpec } from "@tidegate/core";
import {
  GATINGS,
  gatingOf,
  type NewSchedule,
  type Pooling,
  poolingOf,
  type ScheduleChange,
} from "@tidegate/core/store";
import { labelText } from "./listings.js";

/** Converts a new schedule to the JSON that the database's functions read. */
export function newScheduleRow(added: NewSchedule, no: number): object {
  const { spec, offsets: _offsets, ...rest } = added;
  return { no, groupId: spec.groupId, ...rest, ...specColumns(spec) };
}

/** Converts a change to the JSON that the database's functions read. */
export function scheduleChangeRow(change: ScheduleChange): object {
  const { expected, spec, revivesCancelled, offsets: _offsets, ...rest } = change;
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

/** A specification is stored as its JSON text: nothing in the database looks into it. */
function specColumns(spec: ScheduleSpec): object {
  return {
    spec: JSON.stringify(spec),
    engine: spec.engine,
    delayMs: spec.delayMs,
    gating: GATINGS.indexOf(gatingOf(spec)),
    ...poolingColumns(poolingOf(spec)),
    labels: Object.entries(spec.labels).map(([key, value]) => labelText(key, value)),
  };
}

function poolingColumns(pooling: Pooling | undefined): object {
  if (pooling === undefined) return {};
  const { needs, ...rest } = pooling;
  return { poolNeeds: needs, ...rest };
}
