import { SystemClock } from "@tidegate/core/clock";
import { readInstant } from "@tidegate/core/schema";
import { CommandError } from "../exit-code.js";
import { durationMs } from "./duration.js";

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/i;

/**
 * Reads an instant: RFC 3339 with an offset, `now`, or relative to now, such as `-2d` or `+1h`.
 *
 * @returns epoch ms
 * @throws CommandError if it is none
 */
export function requireInstant(text: string, option: string): number {
  const now = new SystemClock().now();
  if (text === "now") return now;
  const relative = durationMs(text.slice(1));
  if (relative !== undefined && text.startsWith("-")) return now - relative;
  if (relative !== undefined && text.startsWith("+")) return now + relative;
  // `Date.parse` takes 30 February for 2 March.
  const read = RFC_3339.test(text) ? readInstant(text) : undefined;
  if (read !== undefined && "at" in read) return read.at;
  throw new CommandError(
    `${option}: must be RFC 3339 with an offset, such as 2026-01-01T00:00:00Z, or relative to now, such as -2d, not ${text}.`,
  );
}
