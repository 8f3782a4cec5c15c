import { isDeepStrictEqual } from "node:util";
import type { Schedule, ScheduleInfo } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";
import { normalizeSchedule, parseScheduleInfo } from "@tidegate/core/schema";

/** A field that an update would change. */
export interface Difference {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/**
 * Returns what an update of a schedule would change. What a definition leaves out has its default, except the engine,
 * the operator and the start, which stay.
 */
export function differencesOf({ spec: before }: Schedule, info: ScheduleInfo<object>): Difference[] {
  const { engine, operator } = before;
  const now = new SystemClock().now();
  const after = normalizeSchedule(parseScheduleInfo(info), { engine, operator, now, before });
  return differing("", before, after);
}

function differing(field: string, before: unknown, after: unknown): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isRecord(before) || !isRecord(after)) return [{ field, before, after }];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) =>
    differing(field === "" ? name : `${field}.${name}`, before[name], after[name]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
