import { z } from "zod";

/** Epoch milliseconds in an answer. */
export const epochMs = z.int().describe("Epoch milliseconds.");

const MAX_INSTANT = 8_640_000_000_000_000;

/** An instant as callers may write it: epoch ms as a number or as digits, or RFC 3339. Comes out as epoch ms. */
export const instant = z
  .union(
    [
      z.int().min(-MAX_INSTANT).max(MAX_INSTANT),
      z
        .string()
        .regex(/^-?\d{1,15}$/)
        .transform(Number),
      z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
    ],
    { error: "must be epoch ms, as a number or as digits, or RFC 3339 with an offset" },
  )
  .describe("Epoch milliseconds, as a number or as digits, or RFC 3339 with an offset.");

/** Half-open: `[lower, upper)`. */
export const interval = z.object({ lower: epochMs, upper: epochMs });

/** Half-open, as callers may write it. */
export const givenInterval = z.strictObject({ lower: instant, upper: instant });
