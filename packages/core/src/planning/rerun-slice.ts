import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { RunKind } from "../job/run-kind.js";
import { poolingOf } from "../pool/pooling.js";
import type { NewRun } from "../run/run.js";
import { runId } from "../run/run-id.js";
import { gatingOf } from "../schedule/gates-of.js";
import type { Schedule } from "../schedule/schedule.js";
import { eachRun } from "../store/each-run.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { RerunQuery, RerunUnit } from "./rerun-query.js";
import { rerunUnits } from "./rerun-units.js";

/** The next part of a re-run, small enough to plan at once. */
export interface RerunSlice {
  readonly units: readonly RerunUnit[];
  /** The start of the rest, epoch ms: the lower bound of the next unit, or the end of the range. */
  readonly next: EpochMs;
}

/** Limits of a slice. */
export interface RerunSliceOptions {
  /** The most units to return. */
  readonly limit: number;
  /** The backfill that asks; it waits for its own runs if the next units overlap them. */
  readonly backfillId?: string;
}

/**
 * Returns the next units that can run now, at most `limit`, oldest first. Skips what other runs are
 * processing.
 */
export async function nextSlice(
  store: ScheduleStore,
  schedule: Schedule,
  query: RerunQuery,
  { limit, backfillId }: RerunSliceOptions,
): Promise<RerunSlice> {
  const units: RerunUnit[] = [];
  for await (const unit of rerunUnits(store, schedule, query)) {
    const isOwn = backfillId !== undefined && unit.underWay?.backfillId === backfillId;
    const isNext = units.length === limit || isOwn || unit.lower < (units.at(-1)?.upper ?? unit.lower);
    if (isNext) return { units, next: unit.lower };
    if (unit.underWay === undefined) units.push(unit);
  }
  return { units, next: query.range.upper };
}

/** Attributes of runs made beside the live schedule. */
export interface RerunOptions {
  readonly kind: RunKind;
  readonly backfillId: string | null;
  readonly namespace: string;
  readonly plannedAt: EpochMs;
}

/** Returns the runs of units, each in the generation after those that the ledger has of its interval. */
export async function rerunsOf(
  store: ScheduleStore,
  schedule: Schedule,
  units: readonly RerunUnit[],
  options: RerunOptions,
): Promise<NewRun[]> {
  const { incarnation } = schedule;
  const { groupId } = schedule.spec;
  const { kind, backfillId, namespace, plannedAt } = options;
  const isPooled = poolingOf(schedule.spec) !== undefined;
  const generations = await nextGenerations(store, groupId, units);
  return units.map(({ lower, upper, scheduledTime, intervals, offsets }) => {
    const generation = generations.get(boundsKey({ lower, upper })) ?? 0;
    return {
      id: runId({ namespace, groupId, incarnation, lower, upper, generation }),
      groupId,
      kind,
      lower,
      upper,
      generation,
      intervals,
      scheduledTime,
      state: "PLANNED",
      reason: null,
      scheduleVersion: schedule.version,
      backfillId,
      operator: schedule.spec.operator.toLowerCase(),
      gating: gatingOf(schedule.spec),
      ...(isPooled ? { isPooled } : {}),
      ...(offsets === undefined ? {} : { offsets }),
      plannedAt,
    };
  });
}

async function nextGenerations(
  store: ScheduleStore,
  groupId: string,
  units: readonly Interval[],
): Promise<Map<string, number>> {
  const generations = new Map<string, number>();
  for (const within of stretchesOf(units)) {
    for await (const run of eachRun(store, { groupId, within })) {
      const key = boundsKey(run);
      generations.set(key, Math.max(run.generation + 1, generations.get(key) ?? 0));
    }
  }
  return generations;
}

/** Merges units that touch, so that each stretch is read at once and nothing between two of them is. */
function stretchesOf(units: readonly Interval[]): Interval[] {
  const stretches: { lower: EpochMs; upper: EpochMs }[] = [];
  for (const { lower, upper } of units) {
    const last = stretches.at(-1);
    if (last?.upper === lower) last.upper = upper;
    else stretches.push({ lower, upper });
  }
  return stretches;
}

function boundsKey({ lower, upper }: Interval): string {
  return `${lower}-${upper}`;
}
