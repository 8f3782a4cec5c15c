import type { EpochMs } from "@tidegate/core";

/** The years that every database supports, whose four digits sort as text. */
const FIRST: EpochMs = Date.parse("0001-01-01T00:00:00.000Z");
const LAST: EpochMs = Date.parse("9999-12-31T23:59:59.999Z");

const DAY_MS = 86_400_000;

/** An instant on a zone's clock. */
interface LocalTime {
  readonly date: string;
  readonly time: string;
  /** Such as `+05:30`. */
  readonly offset: string;
}

/**
 * Formats an instant as `2026-01-01 00:00:00`, with milliseconds if it has any, so that it sorts as text
 * beside texts without.
 */
export function timestampText(at: EpochMs, timezone: string): string {
  const { date, time } = localTime(at, timezone);
  return `${date} ${time}`;
}

/** Formats an instant as `2026-01-01 00:00:00+00:00`. */
export function zonedTimestampText(at: EpochMs, timezone: string): string {
  const { date, time, offset } = localTime(at, timezone);
  return `${date} ${time}${offset}`;
}

/** Returns the date on which the instant falls, `2026-01-01`. */
export function dateText(at: EpochMs, timezone: string): string {
  return localTime(at, timezone).date;
}

/** A part of a local time. */
export type TimePart = "year" | "month" | "day" | "hour" | "minute";

/** Returns a part of the local time, such as the hour: two digits, the year four. */
export function partText(at: EpochMs, part: TimePart, timezone: string): string {
  const { date, time } = localTime(at, timezone);
  const [year = "", month = "", day = ""] = date.split("-");
  const [hour = "", minute = ""] = time.split(":");
  return { year, month, day, hour, minute }[part];
}

/**
 * Returns whole seconds, rounded up, so that half-open intervals of instants stay half-open intervals of
 * seconds.
 */
export function epochSeconds(at: EpochMs): number {
  return Math.ceil(at / 1_000) + 0;
}

/** Formats an instant as ISO 8601 in UTC, `2026-01-01T00:00:00.000Z`. */
export function isoText(at: EpochMs): string {
  return new Date(nearestInstant(at)).toISOString();
}

/** Returns the instant, or the nearest whose year has four digits in every time zone. */
export function nearestInstant(at: EpochMs): EpochMs {
  return Math.min(Math.max(at, FIRST + DAY_MS), LAST - DAY_MS);
}

/** Returns the local time of an instant, or the nearest with a four-digit year in the zone. */
function localTime(at: EpochMs, timezone: string): LocalTime {
  const shift = offsetMs(at, timezone);
  const local = Math.min(Math.max(at + shift, FIRST), LAST);
  const [date = "", rest = ""] = new Date(local).toISOString().split("T");
  return { date, time: rest.replace(/(\.000)?Z$/, ""), offset: offsetText(shift) };
}

/** Returns how far the zone's clock is ahead of UTC, ms; in whole minutes, as the texts are. */
function offsetMs(at: EpochMs, timezone: string): number {
  if (timezone === "UTC") return 0;
  const format = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" });
  const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
  const [, sign, hours = "0", minutes = "0", seconds = "0"] =
    /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name) ?? [];
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === "-" ? -ms : ms;
}

function offsetText(ms: number): string {
  const minutes = Math.trunc(Math.abs(ms) / 60_000);
  const [hours, rest] = [Math.trunc(minutes / 60), minutes % 60];
  return `${ms < 0 ? "-" : "+"}${String(hours).padStart(2, "0")}:${String(rest).padStart(2, "0")}`;
}
