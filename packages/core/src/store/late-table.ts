import type { EpochMs } from "../clock/clock.js";
import type { Interval } from "../interval/boundaries.js";
import type { LateState, LateTime } from "../run/late-time.js";
import type { Lookback } from "../schedule/lookback.js";
import type { Page, PageRequest } from "./page.js";

/** How far a group has looked back. */
export interface LookbackWatch {
  readonly groupId: string;
  /** Everything that the intervals which end at or before it have asked for has been begun, epoch ms. */
  readonly cursor: EpochMs;
  /** When to look again, epoch ms; 0 for at once, `null` for never. */
  readonly lookAt: EpochMs | null;
  /** Changes with each move and each change of the specification. */
  readonly look: number;
}

/** A step of a group that looks back, written only if `look` is as it was read. */
export interface LookbackMove extends LookbackWatch {
  /** `Schedule.incarnation` as it was read. */
  readonly incarnation: string;
}

/** A query for groups that are due to look back. */
export interface LookbackQuery {
  /** Only those due at or before this instant, epoch ms. */
  readonly before: EpochMs;
  readonly limit: number;
}

/** A report of a run that rows of a group's earlier time have come. */
export interface LateReport extends Interval {
  readonly groupId: string;
  /** `Schedule.incarnation` as it was read: the intervals are those of that ledger. */
  readonly incarnation: string;
  readonly reportedBy: string;
  readonly runId: string;
  readonly rowsLate: number | null;
  /** When, epoch ms. */
  readonly at: EpochMs;
}

/** The end of a report, written only if there was no other one since. */
export interface LateSettlement {
  readonly late: Pick<LateTime, "groupId" | "lower" | "upper" | "reportedBy" | "reports">;
  /** `Schedule.incarnation` as it was read before the report. */
  readonly incarnation: string;
  readonly state: Exclude<LateState, "PENDING">;
  readonly backfillId: string | null;
}

/** A filter of late data. All given fields must match. */
export interface LateFilter {
  readonly groupId?: string;
  readonly states?: readonly LateState[];
  /** Late data that overlaps this interval. */
  readonly within?: Interval;
}

/**
 * Late data: groups that look back, and time for which rows came after it had been covered. A facet of
 * `ScheduleStore`.
 *
 * A schedule with `lookback` is watched: its watch begins in the write that registers it or gives it one, due at
 * once, with the watermark as its cursor. It is due at once after each later change of its specification, and
 * ends with one that has no `lookback`. Schedules that never look back leave nothing here.
 */
export interface LateTable {
  /** Returns watches that are due, by `lookAt`, then group. */
  listLookbacks(query: LookbackQuery): Promise<LookbackWatch[]>;
  /** Returns the watches of these groups, in this order; `undefined` for a group that does not look back. */
  getLookbacks(groupIds: readonly string[]): Promise<(LookbackWatch | undefined)[]>;
  /** Writes each step; `false` if the watch has changed, or is another ledger's. */
  moveLookbacks(moves: readonly LookbackMove[]): Promise<boolean[]>;
  /**
   * Writes reports: one for time that the same group has reported before is added to it, and it is `PENDING`
   * again. A run's second report of the same time changes nothing. What a group reports of its own time changes
   * the digests of that time, and makes the runs stale that have read it. `false` if the group has another ledger by now, or none.
   */
  reportLate(reports: readonly LateReport[]): Promise<boolean[]>;
  /** Settles reports that are `PENDING`; `false` if one is not, was repeated, or is another ledger's. */
  settleLate(settlements: readonly LateSettlement[]): Promise<boolean[]>;
  /** Lists late data by group, then upper bound, lower bound and reporter. */
  listLate(filter: LateFilter, page: PageRequest): Promise<Page<LateTime>>;
}

/** Returns the watch of a group after its specification was written; `undefined` if it does not look back. */
export function lookbackAfter(
  watch: LookbackWatch | undefined,
  groupId: string,
  lookback: Lookback | null | undefined,
  watermark: EpochMs,
): LookbackWatch | undefined {
  if (lookback == null) return undefined;
  return { groupId, cursor: watch?.cursor ?? watermark, lookAt: 0, look: (watch?.look ?? 0) + 1 };
}
