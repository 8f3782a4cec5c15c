import { DateTime } from "luxon";
import { z } from "zod";
import { type EpochMs, LAST_INSTANT } from "../clock/clock.js";
import { fixedOffset } from "../trigger/zone/offset.js";

/**
 * An instant as a user gives it: epoch ms, a `Date`, or ISO 8601 with an offset, such as
 * `2026-01-01T00:00:00Z`.
 */
export type Instant = EpochMs | Date | string;

const PROBLEM =
  "must be epoch ms or ISO 8601 with an offset from -12:00 to +14:00, such as 2026-01-01T00:00:00Z";

/** The schema of an instant in JSON; parses to epoch ms. */
export const instant = z.union(
  [
    z.number().int().min(-LAST_INSTANT).max(LAST_INSTANT),
    z
      .string()
      .max(64)
      .transform((text, context) => {
        const parsed = DateTime.fromISO(text, { setZone: true });
        const offset = /T.*(Z|[+-]\d{2}(?::?\d{2})?)$/i.exec(text)?.[1];
        const hasOffset = offset !== undefined && fixedOffset(offset) !== undefined;
        if (parsed.isValid && hasOffset) return parsed.toMillis();
        context.addIssue({ code: "custom", message: PROBLEM });
        return z.NEVER;
      })
      .pipe(z.int()),
  ],
  { error: PROBLEM },
);

/** Converts a `Date` to epoch ms; returns anything else unchanged. */
export function withoutDate(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value;
}

/** Returns an instant in epoch ms, or the problem with it. */
export function readInstant(value: unknown): { readonly at: EpochMs } | { readonly problem: string } {
  const parsed = instant.safeParse(withoutDate(value));
  return parsed.success ? { at: parsed.data } : { problem: PROBLEM };
}

/** Returns an instant in ISO 8601; the nearest that a `Date` can hold, since a delay may lead beyond the last one. */
export function iso(instant: EpochMs): string {
  return new Date(Math.max(-LAST_INSTANT, Math.min(LAST_INSTANT, instant))).toISOString();
}
