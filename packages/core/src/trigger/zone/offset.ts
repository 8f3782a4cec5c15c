import type { EpochMs } from "../../clock/clock.js";

const MINUTE_MS = 60_000;
const FURTHEST_WEST_MS = -12 * 60 * MINUTE_MS;
const FURTHEST_EAST_MS = 14 * 60 * MINUTE_MS;

/**
 * Returns the milliseconds of an offset from UTC, such as `+5`, `-0330` or `+05:30`; 0 for an empty text or
 * `Z`, and `undefined` for an offset that no place on earth has: they range from -12:00 to +14:00.
 */
export function fixedOffset(text: string): number | undefined {
  if (text === "" || text.toUpperCase() === "Z") return 0;
  const match = /^([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes = "0"] = match;
  if (Number(minutes) > 59) return undefined;
  const size = (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  const offset = sign === "-" && size !== 0 ? -size : size;
  return offset >= FURTHEST_WEST_MS && offset <= FURTHEST_EAST_MS ? offset : undefined;
}

/**
 * Returns a function that reads the offset of an IANA zone at an instant, ms; `undefined` for a name that the
 * runtime does not know.
 */
export function offsetReader(name: string): ((instant: EpochMs) => number) | undefined {
  // Some runtimes accept offsets as zone names.
  if (!/^[a-z]/i.test(name)) return undefined;
  const format = formatIn(name);
  if (format === undefined) return undefined;
  return (instant) => {
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(instant));
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = match ?? [];
    const size = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
    return sign === "-" ? -size : size;
  };
}

function formatIn(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  } catch {
    return undefined;
  }
}
