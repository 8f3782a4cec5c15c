import { readInstant } from "@tidegate/core/schema";

const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}(:?\d{2})?)$/;

const WHOLE = /^-?\d{1,16}$/;

/** Smaller numbers are counts, or seconds. As epoch ms they are times of early 1970. */
const SMALLEST = 10_000_000_000;

/**
 * Returns the instant of a value: whole epoch ms, also as a text, since drivers return large integers so; or ISO 8601
 * with an offset. `undefined` for any other, such as a count, or epoch seconds: they would make runs wait forever.
 */
export function instantIn(value: unknown): number | undefined {
  if (typeof value === "number" || typeof value === "bigint") return inMs(Number(value));
  if (typeof value !== "string") return undefined;
  if (WHOLE.test(value)) return inMs(Number(value));
  if (!ISO.test(value)) return undefined;
  const read = readInstant(value.replace(" ", "T"));
  return "at" in read ? read.at : undefined;
}

/** 0 is the start of a source that has nothing yet. */
function inMs(value: number): number | undefined {
  if (!Number.isSafeInteger(value)) return undefined;
  return value === 0 || Math.abs(value) >= SMALLEST ? value : undefined;
}
