const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** Returns an instant as RFC 3339 in UTC, without a fraction of zero; `-` for none. */
export function timeText(instant: number | null | undefined): string {
  return instant === null || instant === undefined
    ? "-"
    : new Date(instant).toISOString().replace(".000Z", "Z");
}

/** Returns a half-open interval, such as `2026-01-01T00:00:00Z/2026-01-02T00:00:00Z`. */
export function intervalText({ lower, upper }: { readonly lower: number; readonly upper: number }): string {
  return `${timeText(lower)}/${timeText(upper)}`;
}

/** Returns a duration in its two largest units, such as `1d 2h`. */
export function durationText(ms: number): string {
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0";
}
