import type { Schedule } from "../schedule/schedule.js";
import type { EngineSchedule } from "./engine.js";

/** Returns a schedule in the form that engines receive. */
export function engineSchedule({ spec, version, nextFireAt }: Schedule): EngineSchedule {
  const { groupId, trigger, timezone, startTime, endTime, fireAt, firstInterval, endRule, delayMs } = spec;
  const timing = { trigger, timezone, startTime, endTime, fireAt, firstInterval, endRule, delayMs };
  return { groupId, version, nextFireAt, ...timing };
}
