import type { ScheduleSpec } from "@tidegate/core";
import {
  GATINGS,
  gatingOf,
  type NewSchedule,
  type Pooling,
  poolingOf,
  type ScheduleChange,
} from "@tidegate/core/store";
import { callAll, callFor, type Opened } from "./calls.js";
import { watchesOfChanges } from "./deadlines.js";
import { toJson } from "./json.js";
import { labelText } from "./listings.js";
import { type NextCall, ofChanges } from "./offsets.js";

/** Changes schedules; those that name a seal one by one, while their group is held. */
export async function changeSchedules(
  opened: Opened,
  changes: readonly ScheduleChange[],
): Promise<boolean[]> {
  if (changes.every(({ seal }) => seal === undefined)) return callAll(opened, ...callsOf(changes));
  const made: boolean[] = [];
  for (const change of changes) {
    const { groupId, seal } = change;
    const [isMade = false] =
      (await callFor<boolean[]>(opened, { groupId, seal }, ...callsOf([change]))) ?? [];
    made.push(isMade);
  }
  return made;
}

function callsOf(changes: readonly ScheduleChange[]): NextCall[] {
  const watches = watchesOfChanges(changes);
  return [
    ["change_schedules", toJson(changes.map(scheduleChangeRow))],
    ...(watches.length === 0 ? [] : [["watch_changed", toJson(watches)] as const]),
    ...ofChanges(changes),
  ];
}

/** Converts a new schedule to the JSON that the database's functions read. */
export function newScheduleRow(added: NewSchedule, no: number): object {
  const { spec, offsets: _offsets, ...rest } = added;
  return { no, groupId: spec.groupId, ...rest, ...specColumns(spec) };
}

/** Converts a change to the JSON that the database's functions read. */
function scheduleChangeRow(change: ScheduleChange): object {
  const { expected, spec, revivesCancelled, offsets: _offsets, seal: _seal, ...rest } = change;
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
