import type { ScheduleInfo, ScheduleSpec } from "@tidegate/core";
import type { EngineSchedule } from "@tidegate/core/engine";
import { normalizeSchedule, parseScheduleInfo } from "@tidegate/core/schema";
import { Grid } from "@tidegate/core/trigger";

/** A specification as core hands it to engines. */
export function specOf(info: Omit<ScheduleInfo, "groupId">, now = Date.now()): ScheduleSpec {
  const parsed = parseScheduleInfo({ groupId: "group", ...info });
  return normalizeSchedule(parsed, { engine: "outside", operator: "none", now });
}

/** A schedule as core hands it to engines, also of groups that core would refuse. */
export function scheduleOf(groupId: string, spec: ScheduleSpec, version = 1): EngineSchedule {
  const grid = new Grid(spec);
  const origin = grid.origin();
  const next = origin === undefined ? undefined : grid.next(origin);
  const nextFireAt = next === undefined ? null : grid.fireAt(next);
  return { ...spec, groupId, version, nextFireAt };
}
