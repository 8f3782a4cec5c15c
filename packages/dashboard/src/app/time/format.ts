const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatIn(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify([zone, options]);
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options });
  formats.set(key, made);
  return made;
}

/** The zone of the person who looks. */
export const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Returns an instant as a local date and time: `29 Mar 2026, 02:30`, with seconds unless they are zero. */
export function instantText(at: number, zone: string): string {
  const seconds = at % MINUTE === 0 ? {} : ({ second: "2-digit" } as const);
  return formatIn(zone, {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    ...seconds,
  }).format(at);
}

/** Returns an interval, without the date of its end if that is the same. */
export function intervalText({ lower, upper }: { lower: number; upper: number }, zone: string): string {
  const from = instantText(lower, zone);
  const to = instantText(upper, zone);
  const [date, time] = to.split(", ");
  return from.startsWith(`${date},`) ? `${from} – ${time}` : `${from} – ${to}`;
}

/** Returns a length of time in its two largest units: `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  const units = [
    [DAY, "d"],
    [HOUR, "h"],
    [MINUTE, "min"],
    [SECOND, "s"],
  ] as const;
  const first = units.findIndex(([unit]) => ms >= unit);
  const [unit, name] = units[first]!;
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((ms % unit) / next[0]);
  const whole = `${Math.floor(ms / unit)} ${name}`;
  return rest === 0 ? whole : `${whole} ${rest} ${next![1]}`;
}

/** Returns how far an instant lies from now: `in 5 min`, `2 h ago`. */
export function distanceText(at: number, now: number): string {
  const distance = Math.abs(at - now);
  if (distance < 5 * SECOND) return "now";
  const text = durationText(distance).split(" ").slice(0, 2).join(" ").replace(/\.\d/, "");
  return at > now ? `in ${text}` : `${text} ago`;
}

/** Returns a number with its noun: `1 run`, `2,000 runs`. */
export function countText(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
