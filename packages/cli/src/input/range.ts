import type { Interval } from "@tidegate/core";
import { CommandError } from "../exit-code.js";
import { requireInstant } from "./instant.js";

/** Reads `--from` and `--to`. @throws CommandError if one is absent or malformed, or they are in the wrong order */
export function requireRange(options: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): Interval {
  const { from, to } = options;
  if (from === undefined || to === undefined) throw new CommandError("--from, --to: give both.");
  const range = { lower: requireInstant(from, "--from"), upper: requireInstant(to, "--to") };
  if (range.lower < range.upper) return range;
  throw new CommandError("--from: must be before --to.");
}
