import type { EpochMs } from "../clock/clock.js";
import type { Schedule } from "../schedule/schedule.js";
import type { OffsetDecision, SourceLook } from "./offset-plan.js";
import type { CachedSchedule } from "./schedule-cache.js";

/** Interval between checks of a source while increments wait for a snapshot, ms: low headroom is reported an hour before it is used up. */
const WATCH_EVERY_MS = 15 * 60_000;

/**
 * Returns whether a source is looked at although nothing of it is planned: increments wait for a snapshot, which may take so long
 * that the source lets go of positions behind it. Pure.
 */
export function watchesSource(
  { awaitsSnapshot, schedule: { offsets } }: Pick<CachedSchedule, "awaitsSnapshot" | "schedule">,
  { outcome, runs }: Pick<OffsetDecision, "outcome" | "runs">,
  now: EpochMs,
): boolean {
  const isWaiting = awaitsSnapshot && outcome === "deferred" && runs.length === 0;
  return isWaiting && offsets !== null && now >= offsets.lookedAt + WATCH_EVERY_MS;
}

/** Returns a decision with what a look has found of its source, and reading where it was. Pure. */
export function withLookOf(
  decision: OffsetDecision,
  { offsets }: Pick<Schedule, "offsets">,
  look: SourceLook | "not-begun" | undefined,
): OffsetDecision {
  if (offsets === null || look === undefined || look === "not-begun") return decision;
  const { position, origin } = offsets;
  return { ...decision, offsets: { ...look.reading.after, position, origin } };
}
