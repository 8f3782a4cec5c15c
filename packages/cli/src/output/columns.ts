import { coverOf } from "@tidegate/client";
import type {
  AuditReport,
  Backfill,
  DeadlineRecord,
  GroupLag,
  Lags,
  LateTime,
  ListedShard,
  PoolStatus,
  PreviewInterval,
  Run,
  Schedule,
  ScheduleVersion,
  StaleRun,
} from "@tidegate/core";
import type { Column } from "./table.js";
import { durationText, intervalText, timeText } from "./time-text.js";

/**
 * Returns columns of schedules, with how far each is covered.
 *
 * @param lags - of the groups that lag most
 */
export function schedulesWith(lags: Lags): readonly Column<Schedule>[] {
  return [
    ["GROUP", ({ spec }) => spec.groupId],
    ["STATUS", ({ status }) => status],
    ["ENGINE", ({ spec }) => spec.engine],
    ["NEXT FIRE", ({ nextFireAt }) => timeText(nextFireAt)],
    ["PLANNED TO", ({ watermark }) => timeText(watermark)],
    ["COVERED TO", (schedule) => timeText(coverOf(schedule, lags)?.coveredThrough ?? null)],
    ["LAG", (schedule) => lagText(coverOf(schedule, lags)?.lagMs)],
    ["WAITING", ({ waitingRuns, gatedRuns }) => waitingRuns + gatedRuns],
    ["BLOCKING", ({ blockingRuns }) => blockingRuns],
    ["REASON", ({ unreadable, statusReason }) => unreadable ?? statusReason],
  ];
}

/** Columns of lags. */
export const LAGS: readonly Column<GroupLag>[] = [
  ["GROUP", ({ groupId }) => groupId],
  ["LAG", ({ lagMs }) => lagText(lagMs)],
  ["COVERED TO", ({ coveredThrough }) => timeText(coveredThrough)],
  ["PLANNED TO", ({ plannedThrough }) => timeText(plannedThrough)],
];

function lagText(lagMs: number | undefined): string {
  return lagMs === undefined ? "" : lagMs === 0 ? "-" : durationText(lagMs);
}

/** Columns of runs. */
export const RUNS: readonly Column<Run>[] = [
  ["RUN", ({ id }) => id],
  ["GROUP", ({ groupId }) => groupId],
  ["INTERVAL", intervalText],
  ["KIND", ({ kind }) => kind],
  ["STATE", ({ state }) => state],
  ["ATTEMPT", ({ attempt }) => attempt],
  ["ENDED", ({ endedAt }) => timeText(endedAt)],
  ["WHY", ({ error, reason, wait }) => error?.message ?? reason ?? wait?.reason],
];

/** Columns of shards. */
export const SHARDS: readonly Column<ListedShard>[] = [
  ["SHARD", ({ key }) => key],
  ["STATE", ({ state }) => state],
  ["ATTEMPT", ({ attempt }) => attempt],
  ["WEIGHT", ({ weight }) => weight],
  ["READ", ({ metrics }) => metrics?.rowsRead],
  ["WRITTEN", ({ metrics }) => metrics?.rowsWritten],
  ["ENDED", ({ endedAt }) => timeText(endedAt)],
  ["WHY", ({ error }) => error?.message],
];

/** Columns of backfills. */
export const BACKFILLS: readonly Column<Backfill>[] = [
  ["BACKFILL", ({ id }) => id],
  ["GROUP", ({ groupId }) => groupId],
  ["RANGE", intervalText],
  ["SELECT", ({ select }) => select],
  ["STATE", ({ state }) => state],
  ["RUNS", ({ plannedRuns }) => plannedRuns],
  ["OPEN", ({ openRuns }) => openRuns],
  ["WHY", ({ reason }) => reason],
];

/** Columns of versions. */
export const VERSIONS: readonly Column<ScheduleVersion>[] = [
  ["VERSION", ({ version }) => version],
  ["EFFECTIVE FROM", ({ since }) => timeText(since)],
  ["MADE", ({ createdAt }) => timeText(createdAt)],
  ["TZDATA", ({ tzdata }) => tzdata],
];

/** Columns of deadlines. */
export const DEADLINES: readonly Column<DeadlineRecord>[] = [
  ["GROUP", ({ groupId }) => groupId],
  ["INTERVAL", intervalText],
  ["SUBJECT", ({ subject }) => subject],
  ["STATE", ({ state }) => state],
  ["DEADLINE", ({ deadlineAt }) => timeText(deadlineAt)],
  ["WHY", ({ reason }) => reason],
];

/** Columns of intervals to come. */
export const INTERVALS: readonly Column<PreviewInterval>[] = [
  ["FROM", ({ lower }) => timeText(lower)],
  ["TO", ({ upper }) => timeText(upper)],
  ["LENGTH", ({ lower, upper }) => durationText(upper - lower)],
  ["DUE", ({ fireAt }) => timeText(fireAt)],
];

/** Columns of audits. */
export const AUDITS: readonly Column<AuditReport>[] = [
  ["GROUP", ({ groupId }) => groupId],
  ["RANGE", ({ range }) => intervalText(range)],
  ["SUCCEEDED", ({ succeeded }) => succeeded.intervals],
  ["ACTIVE", ({ active }) => active.intervals],
  ["FAILED", ({ failed }) => failed.intervals],
  ["CANCELLED", ({ cancelled }) => cancelled.intervals],
  ["SKIPPED", ({ skipped }) => skipped.intervals],
  ["GAPS", ({ gaps }) => gaps.length],
  ["OVERLAPS", ({ overlaps }) => overlaps.length],
  ["DOUBTFUL", ({ doubtful }) => doubtful.length],
  ["SOUND", ({ isSound }) => (isSound ? "yes" : "NO")],
  ["COMPLETE", ({ isComplete }) => (isComplete ? "yes" : "NO")],
];

/** Columns of pools. */
export const POOLS: readonly Column<PoolStatus>[] = [
  ["POOL", ({ name }) => name],
  ["SLOTS", ({ slots }) => slots],
  ["USED", ({ used }) => used],
  ["ACTIVE", ({ activeRuns }) => activeRuns],
  ["WAITING", ({ waitingRuns }) => waitingRuns],
  ["PER SECOND", ({ perSecond }) => perSecond ?? "-"],
];

/** Columns of stale runs. */
export const STALE: readonly Column<StaleRun>[] = [
  ["RUN", ({ run }) => run.id],
  ["GROUP", ({ run }) => run.groupId],
  ["INTERVAL", ({ run }) => intervalText(run)],
  ["STATE", ({ state }) => state],
];

/** Columns of late data. */
export const LATE_DATA: readonly Column<LateTime>[] = [
  ["GROUP", ({ groupId }) => groupId],
  ["INTERVAL", intervalText],
  ["ROWS", ({ rowsLate }) => rowsLate ?? "-"],
  ["REPORTED BY", ({ reportedBy }) => reportedBy],
  ["STATE", ({ state }) => state],
  ["BACKFILL", ({ backfillId }) => backfillId ?? "-"],
];
