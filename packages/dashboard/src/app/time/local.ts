/** A unit of the calendar or the clock that rows of a heat map may have. */
export type RowUnit = "minute" | "hour" | "day" | "month" | "year" | "century";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const offsets = new Map<string, Intl.DateTimeFormat>();

/** Returns how far a zone's clocks are ahead of UTC at an instant, ms. */
export function offsetOf(instant: number, zone: string): number {
  let format = offsets.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    offsets.set(zone, format);
  }
  const part = Object.fromEntries(
    format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
  );
  const local = Date.UTC(part.year!, part.month! - 1, part.day!, part.hour!, part.minute!, part.second!);
  return local - Math.floor(instant / 1_000) * 1_000;
}

/** Returns the instant of a local time, given as if it were UTC; in a gap, the first instant after it. */
export function instantOf(local: number, zone: string): number {
  const first = local - offsetOf(local, zone);
  const second = local - offsetOf(first, zone);
  if (second + offsetOf(second, zone) === local) return second;
  return Math.max(first, second);
}

/** Returns the beginning of the local unit that an instant lies in, and of the next one. */
export function unitAround(instant: number, unit: RowUnit, zone: string): { lower: number; upper: number } {
  const offset = offsetOf(instant, zone);
  // Minutes and hours are of elapsed time: a clock that is set back has the same hour twice.
  if (unit === "minute" || unit === "hour") {
    const size = unit === "minute" ? MINUTE : HOUR;
    const lower = Math.floor((instant + offset) / size) * size - offset;
    return { lower, upper: lower + size };
  }
  const date = new Date(instant + offset);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const century = Math.floor(year / 100) * 100;
  const [from, to] = {
    day: [Date.UTC(year, month, day), Date.UTC(year, month, day + 1)],
    month: [Date.UTC(year, month), Date.UTC(year, month + 1)],
    year: [Date.UTC(year, 0), Date.UTC(year + 1, 0)],
    century: [Date.UTC(century, 0), Date.UTC(century + 100, 0)],
  }[unit] as [number, number];
  return { lower: instantOf(from, zone), upper: instantOf(to, zone) };
}
