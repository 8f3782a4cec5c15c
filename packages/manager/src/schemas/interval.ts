import { readInstant } from "@tidegate/core/schema";
import { z } from "zod";

export { intervalSchema as interval } from "@tidegate/core/schema";

/** Returns the schema of an instant in an answer, with its description. */
export function at(what: string) {
  return z.int().describe(`${what}, epoch milliseconds.`);
}

const MAX_INSTANT = 8_640_000_000_000_000;

/** An instant in a request: epoch ms as a number or as digits, or RFC 3339. Parsed to epoch ms. */
export const instant = z
  .union(
    [
      z.int().min(-MAX_INSTANT).max(MAX_INSTANT),
      z
        .string()
        .regex(/^-?\d{1,15}$/)
        .transform(Number),
      z.iso
        .datetime({ offset: true })
        .refine((text) => "at" in readInstant(text))
        .transform((text) => Date.parse(text)),
    ],
    { error: "must be epoch ms, as a number or as digits, or RFC 3339 with an offset" },
  )
  .meta({
    id: "Instant",
    description: "Epoch milliseconds, as a number or as digits, or RFC 3339 with an offset.",
    examples: [1_767_225_600_000, "1767225600000", "2026-01-01T00:00:00Z"],
  });

/** A half-open interval in a request. */
export const givenInterval = z
  .strictObject({
    lower: instant.describe("Start, inclusive."),
    upper: instant.describe("End, exclusive."),
  })
  .meta({
    id: "GivenInterval",
    description: "A half-open interval of time, in any of the forms of an instant.",
    examples: [{ lower: "2026-01-01T00:00:00Z", upper: "2026-01-01T01:00:00Z" }],
  });
