import type { Trigger } from "../../src/trigger/trigger.js";

/** Zones whose clocks have done something worth testing. */
export const ZONES = [
  "America/New_York",
  "Europe/London",
  "Australia/Lord_Howe",
  "Asia/Beirut",
  "Asia/Shanghai",
  "UTC",
  "Pacific/Apia",
  "Africa/Casablanca",
  "Africa/Cairo",
  "Asia/Kathmandu",
] as const;

/** The times in `[from, to)` as ISO text without milliseconds. */
export function timesBetween(trigger: Trigger, from: string, to: string): string[] {
  const times: string[] = [];
  const end = Date.parse(to);
  for (
    let time = trigger.next(Date.parse(from) - 1);
    time !== undefined && time < end;
    time = trigger.next(time)
  ) {
    times.push(new Date(time).toISOString().replace(":00.000Z", "Z"));
  }
  return times;
}
