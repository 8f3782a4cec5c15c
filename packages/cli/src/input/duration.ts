import { CommandError } from "../exit-code.js";

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/**
 * Reads a duration such as `500ms`, `30s`, `5m`, `2h`, `1d` or `1w`.
 *
 * @returns ms, or `undefined` if it is none
 */
export function durationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|[smhdw])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Reads a duration of an option. @throws CommandError */
export function requireDuration(text: string, option: string): number {
  const ms = durationMs(text);
  if (ms !== undefined) return ms;
  throw new CommandError(`${option}: must be a duration such as 500ms, 30s, 5m, 2h or 1d, not ${text}.`);
}
