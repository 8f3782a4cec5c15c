import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import {
  contains,
  type IntervalSet,
  intersect,
  measure,
  overlapsOf,
  subtract,
  toSet,
} from "../interval/interval-set.js";
import type { RunState } from "../run/run.js";
import type { CoverageRange } from "../store/run-ledger.js";
import type { OffsetAudit } from "./audit-offsets.js";
import type { SnapshotAudit } from "./audit-snapshots.js";

/** Share of the audited time in one condition. */
export interface AuditShare {
  readonly runs: number;
  /** Number of nominal intervals. */
  readonly intervals: number;
  /**
   * Time that this condition accounts for, ms. If several apply, the best counts: succeeded before all. Time of which runs
   * have failed, were cancelled or were skipped has succeeded if a later full copy has.
   */
  readonly ms: number;
}

/** Proof of coverage: the outcome of every millisecond from the ledger's beginning to its watermark. */
export interface AuditReport {
  readonly groupId: string;
  /** The audited range. */
  readonly range: Interval;
  readonly succeeded: AuditShare;
  /** Planned, being submitted, or running. */
  readonly active: AuditShare;
  readonly failed: AuditShare;
  readonly cancelled: AuditShare;
  readonly skipped: AuditShare;
  /** Time that no run covers. Empty unless the store was tampered with. */
  readonly gaps: IntervalSet;
  /** Time that more than one run covers or is about to, except deliberate re-runs of an interval. */
  readonly overlaps: IntervalSet;
  /**
   * Time that two jobs, or a job that nobody watches, may have written, whatever the states say: a run has
   * ended although its job may still be working, jobs of two runs were active at once, or two runs have
   * succeeded and neither supersedes the other.
   */
  readonly doubtful: IntervalSet;
  /** Time that has succeeded with other input than there is now: see `Run.staleAt`. It counts as succeeded. */
  readonly stale: IntervalSet;
  /** Time owed but not planned yet: from the watermark to the end of the last closed interval. */
  readonly owed: Interval | null;
  /** Sums over the successful runs. */
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly rowsDirty: number;
  /** The fate of every position of the source, by reading; empty for boundaries of time alone. */
  readonly offsets: readonly OffsetAudit[];
  /** The hand-overs from full copies to increments, in the order of time. */
  readonly snapshots: readonly SnapshotAudit[];
  /** Whether there is no gap, no overlap and no doubt, in time and in positions. */
  readonly isSound: boolean;
  /** Whether the ledger is sound, all of the range has succeeded, and all of its positions were read. */
  readonly isComplete: boolean;
}

type Condition = "succeeded" | "active" | "failed" | "cancelled" | "skipped";

const CONDITION: Readonly<Record<RunState, Condition>> = {
  PLANNED: "active",
  SUBMITTING: "active",
  RUNNING: "active",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  CANCELLED: "cancelled",
  SKIPPED: "skipped",
};

/** Input of `auditCoverage`. */
export interface AuditInput {
  readonly groupId: string;
  readonly range: Interval;
  /** The group's ranges that intersect `range`. */
  readonly coverage: readonly CoverageRange[];
  /** See `findDoubts`. */
  readonly doubts: readonly Interval[];
  /** The intervals of the runs that have succeeded and are stale. @default none */
  readonly stale?: readonly Interval[];
  /** End of the grid's last closed interval, epoch ms. */
  readonly closedUpTo: EpochMs;
  readonly watermark: EpochMs;
  /** See `auditOffsets`. @default none */
  readonly offsets?: readonly OffsetAudit[];
  /** See `auditSnapshot`. @default none */
  readonly snapshots?: readonly SnapshotAudit[];
  /** End of the newest copy that has succeeded, epoch ms: it has what runs before it have not done. @default none */
  readonly copiedUpTo?: EpochMs | undefined;
}

/** Accounts for every millisecond of the range. Pure. */
export function auditCoverage(input: AuditInput): AuditReport {
  const {
    groupId,
    range,
    coverage,
    doubts,
    stale = [],
    closedUpTo,
    watermark,
    offsets = [],
    snapshots = [],
    copiedUpTo = range.lower,
  } = input;
  const whole = toSet([range]);
  const of = (condition: Condition): CoverageRange[] =>
    coverage.filter(({ state }) => CONDITION[state] === condition);
  const succeeded = of("succeeded");
  const succeededSet = toSet(succeeded);
  const active = of("active");
  const reruns = active.filter((part) => contains(succeededSet, part));
  const firstRuns = active.filter((part) => !contains(succeededSet, part));
  const gaps = subtract(whole, toSet(coverage));
  const overlaps = intersect(
    whole,
    toSet([...overlapsOf([...succeeded, ...firstRuns]), ...overlapsOf(reruns)]),
  );
  const doubtful = intersect(whole, toSet([...doubts, ...overlapsOf(succeeded)]));

  const copied = intersect(
    toSet([{ lower: range.lower, upper: Math.max(range.lower, copiedUpTo) }]),
    toSet([...of("failed"), ...of("cancelled"), ...of("skipped")]),
  );
  let unaccounted = intersect(whole, toSet(coverage));
  const share = (condition: Condition): AuditShare => {
    const parts = of(condition);
    const covered = toSet(condition === "succeeded" ? [...parts, ...copied] : parts);
    const ms = measure(intersect(unaccounted, covered));
    unaccounted = subtract(unaccounted, covered);
    return { runs: sum(parts, "runs"), intervals: sum(parts, "intervals"), ms };
  };
  const shares = {
    succeeded: share("succeeded"),
    active: share("active"),
    failed: share("failed"),
    cancelled: share("cancelled"),
    skipped: share("skipped"),
  };
  const partitions = offsets.flatMap((reading) => reading.partitions);
  const isTiled = partitions.every((part) => part.gaps.length === 0 && part.overlaps.length === 0);
  const isRead = partitions.every(({ lost, unread }) => lost.length === 0 && unread.length === 0);
  const isHandedOver = snapshots.every(({ isSeamless }) => isSeamless !== false);
  const isSound =
    gaps.length === 0 && overlaps.length === 0 && doubtful.length === 0 && isTiled && isHandedOver;
  return {
    groupId,
    range,
    ...shares,
    gaps,
    overlaps,
    doubtful,
    stale: intersect(whole, toSet(stale)),
    owed: closedUpTo > watermark ? { lower: watermark, upper: closedUpTo } : null,
    rowsRead: sum(succeeded, "rowsRead"),
    rowsWritten: sum(succeeded, "rowsWritten"),
    rowsDirty: sum(succeeded, "rowsDirty"),
    offsets,
    snapshots,
    isSound,
    isComplete: isSound && isRead && shares.succeeded.ms === range.upper - range.lower,
  };
}

function sum(
  parts: readonly CoverageRange[],
  field: "runs" | "intervals" | "rowsRead" | "rowsWritten" | "rowsDirty",
): number {
  return parts.reduce((total, part) => total + part[field], 0);
}
