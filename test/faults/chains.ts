import type { Interval, ScheduleInfo } from "@tidegate/core";
import type { JobRecord } from "@tidegate/testkit";

/** Groups in a chain: loads, tables made of them, and reports made of the tables and of the report before. */
const LINKS = 3;

const SECOND_MS = 1_000;

/** Length of an interval of each link of a chain, ms. */
const LENGTHS_MS = [1_000, 2_000, 3_000] as const;

/** In such a time, every group has a whole number of intervals, ms. */
const GRAIN_MS = 6_000;

/** An end of all groups at which an interval of each ends: what they wait for ends there too. Ahead by what it takes to tell a busy fleet. */
export const COMMON_END = { grainMs: GRAIN_MS, aheadMs: 10_000 };

const idOf = (index: number): string => `group-${index}`;

/** The settings of a group of a chain, for `Scene`. */
export function chained(index: number): Partial<ScheduleInfo> {
  const link = index % LINKS;
  const dependsOn = [
    null,
    { groupId: idOf(index - 1) },
    { groupId: idOf(index - 1), window: { from: "-1 interval" } },
  ][link]!;
  return {
    engine: "embedded",
    trigger: { type: "period", every: LENGTHS_MS[link]! / SECOND_MS, unit: "second" },
    overlap: link === 1 ? "allow" : "queue",
    engineGraceMs: 2_000,
    dependsOn,
    dependsOnPast: link === 2,
  };
}

/** Time that must be covered before a run of a group begins, said anew. */
function needsOf(
  index: number,
  { lower, upper }: Interval,
): readonly (Interval & { readonly index: number })[] {
  const link = index % LINKS;
  if (link === 0) return [];
  if (link === 1) return [{ index: index - 1, lower, upper }];
  const before = lower - LENGTHS_MS[2];
  return [
    { index: index - 1, lower: before, upper },
    { index, lower: before, upper: lower },
  ];
}

/** The dependents' submissions in a recording. */
export interface Submissions {
  readonly checked: number;
  /** Those that came before what they read had succeeded. */
  readonly premature: readonly string[];
}

/** Looks up for each submission, second by second, whether what it reads had succeeded by then. */
export function submissionsIn(records: readonly JobRecord[], startTime: number): Submissions {
  const succeeded = new Set<string>();
  const premature: string[] = [];
  let checked = 0;
  for (const { event, state, groupId, lowerBound, upperBound } of records) {
    const interval = { lower: Number(lowerBound), upper: Number(upperBound) };
    if (event === "ended" && state === "SUCCEEDED")
      for (const second of secondsOf(interval)) succeeded.add(`${groupId} ${second}`);
    const needs = event === "submit" ? needsOf(Number(groupId.slice("group-".length)), interval) : [];
    if (needs.length === 0) continue;
    checked += 1;
    const missing = needs.flatMap(({ index, ...window }) =>
      secondsOf(window)
        .filter((second) => second >= startTime && !succeeded.has(`${idOf(index)} ${second}`))
        .map((second) => `${idOf(index)} ${second}`),
    );
    if (missing.length > 0) premature.push(`${groupId} ${lowerBound}: ${missing.join(", ")}`);
  }
  return { checked, premature };
}

function secondsOf({ lower, upper }: Interval): number[] {
  return Array.from({ length: (upper - lower) / SECOND_MS }, (_, second) => lower + second * SECOND_MS);
}
