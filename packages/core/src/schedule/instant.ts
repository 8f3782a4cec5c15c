import { DateTime } from "luxon";
import { z } from "zod";
import type { EpochMs } from "../clock/clock.js";

/** An instant as a user gives it: epoch ms, a `Date`, or ISO 8601 with an offset, such as `2026-01-01T00:00:00Z`. */
export type Instant = EpochMs | Date | string;

const MAX_INSTANT = 8_640_000_000_000_000;

const PROBLEM = "must be epoch ms or ISO 8601 with an offset, such as 2026-01-01T00:00:00Z";

/** The shape of an instant as JSON can carry it; it comes out as epoch ms. */
export const instant = z.union(
  [
    z.number().int().min(-MAX_INSTANT).max(MAX_INSTANT),
    z
      .string()
      .max(64)
      .transform((text, context) => {
        const parsed = DateTime.fromISO(text, { setZone: true });
        if (parsed.isValid && /T.*(?:Z|[+-]\d{2}(?::?\d{2})?)$/i.test(text)) return parsed.toMillis();
        context.addIssue({ code: "custom", message: PROBLEM });
        return z.NEVER;
      }),
  ],
  { error: PROBLEM },
);

/** The same instant without a `Date`; anything else stays as it is. */
export function withoutDate(value: unknown): unknown {
  return value instanceof Date ? value.getTime() : value;
}

/** An instant in epoch ms, or what is wrong with it. */
export function readInstant(value: unknown): { readonly at: EpochMs } | { readonly problem: string } {
  const parsed = instant.safeParse(withoutDate(value));
  return parsed.success ? { at: parsed.data } : { problem: PROBLEM };
}
