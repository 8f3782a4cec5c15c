/** Durations in ms, and where the tests' time begins. */
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 2026-01-01T00:00Z: where a virtual clock begins. */
export const T0 = Date.UTC(2026, 0, 1);

/** The instant of an ISO 8601 text. */
export const at = (text: string): number => Date.parse(text);
