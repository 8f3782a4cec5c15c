import type { RowUnit } from "../time/local.js";

const HOUR = 3_600_000;

const FORMATS: Readonly<Record<RowUnit, Intl.DateTimeFormatOptions>> = {
  minute: { hour: "2-digit", minute: "2-digit" },
  hour: { weekday: "short", hour: "2-digit", minute: "2-digit" },
  day: { weekday: "short", day: "numeric", month: "short" },
  month: { month: "short", year: "numeric" },
  year: { year: "numeric" },
  century: { year: "numeric" },
};

/** Returns the label of a row: its local time, and its length if it is a day of 23 or 25 hours. */
export function rowLabel(row: { lower: number; upper: number }, unit: RowUnit, zone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...FORMATS[unit] });
  const hours = (row.upper - row.lower) / HOUR;
  const length = unit === "day" && hours !== 24 ? ` · ${hours} h` : "";
  return format.format(row.lower).replace(",", "") + length;
}

/** Marks of the axis above the rows, at ms from the beginning of a row. */
export function axisMarks(unit: RowUnit): readonly { readonly at: number; readonly text: string }[] {
  const every = (count: number, step: number, size: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, at) => ({ at: at * step * size, text: text(at * step) }));
  const two = (value: number) => String(value).padStart(2, "0");
  if (unit === "minute") return every(6, 10, 1_000, (second) => `:${two(second)}`);
  if (unit === "hour") return every(6, 10, 60_000, (minute) => `:${two(minute)}`);
  if (unit === "day") return every(8, 3, HOUR, (hour) => `${two(hour)}:00`);
  if (unit === "month") return every(6, 5, 24 * HOUR, (day) => String(day + 1));
  if (unit === "year") {
    const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    return names.map((text, month) => ({ at: Date.UTC(2025, month) - Date.UTC(2025, 0), text }));
  }
  return [];
}
