import type { EpochMs } from "@tidegate/core";
import type { Definition } from "./definition.js";
import type { Timing, WorkflowSchedule } from "./rest/dolphin-api.js";

/** End of a schedule without an end, since DolphinScheduler requires one. */
const FAR_END = Date.UTC(2099, 0, 1);

/**
 * DolphinScheduler may show times in the caller's zone; this is the largest distance between two zones, ms.
 */
const ZONES_APART_MS = 26 * 3_600_000;

/**
 * Returns when DolphinScheduler fires; `undefined` if it does not.
 *
 * When it goes online, its timer is silent for a minute over past ticks, so its time begins now.
 */
export function timingOf(definition: Definition, now: EpochMs): Timing | undefined {
  const { crontab, timezone, startMs, endMs } = definition;
  if (crontab === null) return undefined;
  return {
    crontab,
    timezoneId: timezone,
    startTime: shownIn(timezone, Math.max(startMs, now)),
    endTime: shownIn(timezone, endMs ?? FAR_END),
  };
}

/** Returns whether a schedule still matches a definition. */
export function isTimedBy(schedule: WorkflowSchedule, definition: Definition, now: EpochMs): boolean {
  const { crontab, timezone, startMs, endMs } = definition;
  if (schedule.crontab !== crontab || schedule.timezoneId !== timezone) return false;
  const isBegun = shown(schedule.startTime) <= Math.max(startMs, now) + ZONES_APART_MS;
  return isBegun && shown(schedule.endTime) >= (endMs ?? FAR_END) - ZONES_APART_MS;
}

/** Returns the wall-clock time in a zone, `yyyy-MM-dd HH:mm:ss`. Sweden writes times this way. */
function shownIn(timezone: string, instant: EpochMs): string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return format.format(instant);
}

/** Parses a shown time as if it were UTC. */
function shown(text: string): EpochMs {
  return Date.parse(`${text.replace(" ", "T")}Z`);
}
