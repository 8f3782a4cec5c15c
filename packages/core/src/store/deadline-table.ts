import type { EpochMs } from "../clock/clock.js";
import type { DeadlineRecord, DeadlineState, DeadlineSubject } from "../deadlines/deadline-record.js";
import type { Interval } from "../interval/boundaries.js";
import { isWatched } from "../schedule/deadline.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { Page, PageRequest } from "./page.js";

/** How far the deadlines of a group have been judged. */
export interface DeadlineWatch {
  readonly groupId: string;
  /** `Schedule.incarnation` of its ledger. */
  readonly incarnation: string;
  /** When the watch began, epoch ms: nothing that was due before is expected. */
  readonly since: EpochMs;
  /**
   * Every interval that ends at or before it has met its deadline or has a record, epoch ms; `null` if nothing has been judged since
   * the watch began.
   */
  readonly cursor: EpochMs | null;
  /** Start of the excused intervals that end at the cursor, epoch ms; `null` if there are none. */
  readonly excusedFrom: EpochMs | null;
  /** When to judge again, epoch ms; 0 for at once, `null` for never. */
  readonly lookAt: EpochMs | null;
  /** Changes with each judgement and each change of the specification. */
  readonly look: number;
}

/** A record as the store keeps it, with the alerts that are still to be told. */
export interface KeptDeadline extends DeadlineRecord {
  /** The state that listeners know; `PENDING` if they have not heard of it. */
  readonly told: DeadlineState;
  /** When to tell the state at the latest, if its writer does not, epoch ms; `null` if it was told. */
  readonly tellAt: EpochMs | null;
}

/** The judged state of a group's deadlines, written only if `look` is as it was read. */
export interface DeadlineJudgement extends Pick<DeadlineWatch, "groupId" | "incarnation" | "look"> {
  readonly cursor: EpochMs | null;
  readonly excusedFrom: EpochMs | null;
  readonly lookAt: EpochMs | null;
  /** Inserted, or written over the records with the same group, subject and lower bound, whose `told` stays. */
  readonly records: readonly Omit<KeptDeadline, "told">[];
}

/** A note that a record's state was told, or will be by `tellAt`, if the record is still as it was read. */
export interface AlertNote {
  readonly record: Pick<KeptDeadline, "groupId" | "subject" | "lower" | "state" | "tellAt">;
  readonly told: DeadlineState;
  readonly tellAt: EpochMs | null;
}

/** A filter of deadline records. All given fields must match. */
export interface DeadlineFilter {
  readonly groupId?: string;
  readonly subjects?: readonly DeadlineSubject[];
  readonly states?: readonly DeadlineState[];
  /** Records that overlap this interval; those of a group's freshness if it contains their bound. */
  readonly within?: Interval;
  /** By deadline, then group, subject and lower bound. @default "ascending" */
  readonly order?: "ascending" | "descending";
}

/** A query for watches or alerts that are due. */
export interface DeadlineQuery {
  /** Only those due at or before this instant, epoch ms. */
  readonly before: EpochMs;
  readonly limit: number;
}

/**
 * Deadlines: how far each group has been judged, and a record of each that was not simply met. A facet of
 * `ScheduleStore`.
 *
 * A schedule that has a deadline or a freshness, or is read by positions, is watched: its watch begins in the write that registers it or
 * gives it one, due at once and without a cursor. It is due at once after each later change of its
 * specification, also one that removes both. A schedule that is registered again is watched anew. Schedules
 * that are not watched leave nothing here.
 */
export interface DeadlineTable {
  /** Returns watches that are due, by `lookAt`, then group. */
  listWatches(query: DeadlineQuery): Promise<DeadlineWatch[]>;
  /** Returns the watches of these groups, in this order; `undefined` for a group that is not watched. */
  getWatches(groupIds: readonly string[]): Promise<(DeadlineWatch | undefined)[]>;
  /** Writes each judgement; `false` if the watch has changed. */
  judgeDeadlines(judgements: readonly DeadlineJudgement[]): Promise<boolean[]>;
  listDeadlines(filter: DeadlineFilter, page: PageRequest): Promise<Page<KeptDeadline>>;
  /** Returns records whose state is still to be told, by `tellAt`. */
  listAlerts(query: DeadlineQuery): Promise<KeptDeadline[]>;
  /** Writes each note; `false` if the record's state or `tellAt` has changed. */
  noteAlerts(notes: readonly AlertNote[]): Promise<boolean[]>;
}

/** A schedule that was registered, changed, or registered again. */
export interface WatchedChange {
  readonly spec: ScheduleSpec;
  readonly incarnation: string;
  /** Whether its ledger begins, or continues after it was unregistered. */
  readonly isNew: boolean;
  /** When, epoch ms. */
  readonly at: EpochMs;
}

/** Returns the watch of a group after a change of its specification; `undefined` if it is not watched. */
export function watchAfter(
  watch: DeadlineWatch | undefined,
  change: WatchedChange,
): DeadlineWatch | undefined {
  const { spec, incarnation, isNew, at } = change;
  if (watch === undefined && !isWatched(spec)) return undefined;
  const { groupId } = spec;
  const begun = { groupId, incarnation, since: at, cursor: null, excusedFrom: null };
  const kept = watch === undefined || isNew ? begun : watch;
  return { ...kept, lookAt: 0, look: (watch?.look ?? 0) + 1 };
}
