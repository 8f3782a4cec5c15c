import type { Clock, EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { Grid } from "../schedule/grid.js";
import type { Schedule } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { CoverageBuckets } from "./coverage-buckets.js";
import { MAX_BUCKETS, readBuckets } from "./coverage-reader.js";
import type { Seals } from "./seals.js";

/** Longest wait for coverage, ms. */
const MAX_WAIT_MS = 60_000;

/** Options of `coverageBuckets`. */
export interface BucketOptions {
  /** Most buckets, 10 to 5,000. @default 5,000 */
  readonly limit?: number;
}

/** Dependencies of `bucketsOf`. */
export interface BucketSources {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly seals: Seals;
}

/** Returns a group's time in buckets. */
export async function bucketsOf(
  { store, clock, seals }: BucketSources,
  schedule: Schedule,
  range: Interval | undefined,
  limit: number,
): Promise<CoverageBuckets> {
  const { origin, watermark, spec } = schedule;
  const closed = closedUpTo(schedule, clock.now()) ?? watermark;
  const end = Math.max(watermark, closed);
  const lower = Math.max(origin, range?.lower ?? origin);
  const shown = { lower, upper: Math.max(lower, Math.min(end, range?.upper ?? end)) };
  return {
    groupId: spec.groupId,
    range: shown,
    timezone: spec.timezone,
    sealedThrough: await seals.sealedThrough(schedule),
    ...(await readBuckets(store, schedule, { range: shown, limit, closedUpTo: closed })),
  };
}

/** Returns where the last closed interval of a schedule ends, epoch ms; what an unreadable one owes is unknown. */
export function closedUpTo({ spec, unreadable }: Schedule, now: EpochMs): EpochMs | undefined {
  return unreadable === null ? new Grid(spec).lastClosed(now - spec.delayMs)?.upper : undefined;
}

/** @throws LedgerError INTERVAL_INVALID for an empty range */
export function requireRange(range: Interval): void {
  if (range.lower < range.upper) return;
  const message = "range: its lower bound must be before its upper one.";
  throw new LedgerError("INTERVAL_INVALID", message, { field: "range" });
}

/** @throws LedgerError INTERVAL_INVALID for a wait that is too long */
export function requireWait(waitMs: number): void {
  if (waitMs >= 0 && waitMs <= MAX_WAIT_MS) return;
  throw new LedgerError("INTERVAL_INVALID", `waitMs: must be 0 to ${MAX_WAIT_MS} ms.`, { field: "waitMs" });
}

/** @throws LedgerError INTERVAL_INVALID for a number of buckets that cannot be returned */
export function requireLimit(limit: number): void {
  if (limit >= 10 && limit <= MAX_BUCKETS) return;
  throw new LedgerError("INTERVAL_INVALID", `limit: must be 10 to ${MAX_BUCKETS}.`, { field: "limit" });
}
