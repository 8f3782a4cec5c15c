import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import { type IntervalSet, intersect } from "../interval/interval-set.js";
import { hasSnapshots } from "../planning/plan-snapshot.js";
import { covers } from "../run/covering.js";
import type { Run, UnmetDependency } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import { iso, range } from "./instants.js";

/** Most intervals of each dependency, and most runs of each interval, that are named one by one. */
const MOST_NAMED = 10;

/**
 * Explains what keeps a run waiting for other groups: for each dependency the time that is missing, and for
 * each part of it what the other group's ledger says now.
 */
export async function dependencyReasons(
  store: ScheduleStore,
  unmet: readonly UnmetDependency[],
): Promise<string[]> {
  const schedules = await store.getSchedules(unmet.map(({ groupId }) => groupId));
  const reasons: string[] = [];
  for (const [index, one] of unmet.entries()) {
    reasons.push(headOf(one));
    reasons.push(...(await upstreamReasons(store, one, schedules[index])));
  }
  return reasons;
}

function headOf({ groupId, window, missing, timesOutAt }: UnmetDependency): string {
  const named = missing.slice(0, MOST_NAMED).map(range).join(", ");
  const rest = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : "";
  const timeout = timesOutAt === undefined ? "" : ` Times out at ${iso(timesOutAt)}.`;
  return `It needs ${groupId} for ${range(window)}; missing: ${named}${rest}.${timeout}`;
}

async function upstreamReasons(
  store: ScheduleStore,
  { groupId, missing, by, handOver }: UnmetDependency,
  schedule: Schedule | undefined,
): Promise<string[]> {
  if (schedule === undefined) return [`${groupId} has no schedule yet.`];
  const { isRegistered } = SCHEDULE_STATUSES[schedule.status];
  const reasons: string[] = [];
  if (schedule.status === "SOURCE") return [`Nobody has reported that yet to ${groupId}, a source group.`];
  if (!isRegistered) reasons.push(`${groupId} is unregistered; register it again, or update this group.`);
  if (schedule.status === "PAUSED")
    reasons.push(`${groupId} is paused: ${schedule.statusReason || "no note"}.`);
  if (handOver !== undefined) reasons.push(handOverReason(groupId, handOver));
  const parts = [...(handOver === undefined ? [] : [handOver]), ...missing.slice(0, MOST_NAMED)];
  for (const part of parts) {
    const { items } = await store.listRuns(
      { groupId, within: part, includeSuperseded: false },
      { limit: MOST_NAMED },
    );
    const runs = items.filter((run) => !covers(by, run, isRegistered));
    reasons.push(...runs.map((run) => `${groupId} ${range(run)}: ${stateOf(run)}.`));
    if (isRegistered) reasons.push(...unplannedReasons(schedule, part));
  }
  reasons.push(...(await backfillReasons(store, groupId, missing)));
  return [...new Set(reasons)];
}

/** Says which backfills have not reached a part of what is missing, which earlier runs may have covered. */
async function backfillReasons(
  store: ScheduleStore,
  groupId: string,
  missing: IntervalSet,
): Promise<string[]> {
  const running = await store.listBackfills({ groupId, states: ["RUNNING"] });
  return running.flatMap(({ id, cursor, upper }) => {
    const rest = cursor < upper ? intersect([{ lower: cursor, upper }], missing) : [];
    return rest.map((part) => `${groupId} ${range(part)}: backfill ${id} has not got that far yet.`);
  });
}

function handOverReason(groupId: string, { lower, upper }: Interval): string {
  return `The full copy of ${groupId} could not end at ${iso(lower)} and may hold rows up to ${iso(upper)}, when its job ended: time before that counts once increments have passed it.`;
}

/** Says what lies before or behind a ledger. */
function unplannedReasons({ spec, origin, watermark, nextFireAt }: Schedule, part: Interval): string[] {
  const reasons: string[] = [];
  if (part.lower < origin) {
    const before = { lower: part.lower, upper: Math.min(part.upper, origin) };
    const wayOut = hasSnapshots(spec)
      ? "is in its full copy, which has not succeeded yet"
      : "lies before its ledger begins; backfill it";
    reasons.push(`${spec.groupId} ${range(before)}: ${wayOut}.`);
  }
  if (part.upper > watermark) {
    const behind = { lower: Math.max(part.lower, watermark), upper: part.upper };
    const due =
      nextFireAt === null
        ? "its schedule has ended"
        : `not planned yet; its next run is due ${iso(nextFireAt)}`;
    reasons.push(`${spec.groupId} ${range(behind)}: ${due}.`);
  }
  return reasons;
}

function stateOf(run: Run): string {
  const { id, state, reason, error, place, submittedAt, endedAt, wait } = run;
  if (state === "SKIPPED") return `was skipped (${reason ?? "no reason"})`;
  if (state === "CANCELLED") return `run ${id} was cancelled (${reason ?? "no reason"}) at ${when(endedAt)}`;
  if (state === "FAILED")
    return `run ${id} failed at ${when(endedAt)}: ${error?.message ?? "no error was recorded"}`;
  if (state === "PLANNED")
    return `run ${id} is planned and ${place}${wait === null ? "" : `: ${wait.reason}`}`;
  return `run ${id} is ${state} since ${when(submittedAt)}`;
}

function when(instant: EpochMs | null): string {
  return instant === null ? "an unknown time" : iso(instant);
}
