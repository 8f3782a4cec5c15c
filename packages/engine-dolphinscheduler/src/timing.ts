import type { EpochMs } from "@tidegate/core";
import type { Definition } from "./definition.js";
import type { Timing, WorkflowSchedule } from "./rest/dolphin-api.js";

/** When a schedule without an end ends in DolphinScheduler, which asks for one. */
const FAR_END = Date.UTC(2099, 0, 1);

/** DolphinScheduler may show times in the zone of whoever asks; no two are further apart, ms. */
const ZONES_APART_MS = 26 * 3_600_000;

/**
 * When DolphinScheduler is to fire; `undefined` where it is not to.
 *
 * Its timer is silent for a minute over ticks that lie behind it when it goes online, so its time begins now.
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

/** Whether a schedule still is what was made of a definition. */
export function isTimedBy(schedule: WorkflowSchedule, definition: Definition, now: EpochMs): boolean {
  const { crontab, timezone, startMs, endMs } = definition;
  if (schedule.crontab !== crontab || schedule.timezoneId !== timezone) return false;
  const isBegun = shown(schedule.startTime) <= Math.max(startMs, now) + ZONES_APART_MS;
  return isBegun && shown(schedule.endTime) >= (endMs ?? FAR_END) - ZONES_APART_MS;
}

/** What a clock and a calendar in a zone show, `yyyy-MM-dd HH:mm:ss`. Sweden writes times so. */
function shownIn(timezone: string, instant: EpochMs): string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  return format.format(instant);
}

/** The instant that is shown, as if in UTC. */
function shown(text: string): EpochMs {
  return Date.parse(`${text.replace(" ", "T")}Z`);
}
