import type { EpochMs } from "../clock/clock.js";
import type { RunState } from "../run/run.js";

/** The parts of a ledger that change. */
export const CHANGE_KINDS = ["schedule", "run", "backfill", "deadline", "seal", "late-data", "pool"] as const;

/** A part of a ledger that changes. */
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** A run that has changed. */
export interface ChangedRun {
  readonly id: string;
  /** Its state after the change; absent if something else about it has changed. */
  readonly state?: RunState;
}

/** A change of the ledger: a reason to read it again, not its new contents. */
export interface LedgerChange {
  readonly kind: ChangeKind;
  /** The group that was written; `null` if it belongs to none, or may be any. */
  readonly groupId: string | null;
  /** The runs that were written; absent if there are many, or if none are known. */
  readonly runs?: readonly ChangedRun[];
}

/** An entry of a `ChangeLog`: the changes that one manager has made within some milliseconds. */
export interface ChangeEntry {
  /** Its number: one more than that of the entry before. */
  readonly seq: number;
  /** `null` if anything may have changed. */
  readonly changes: readonly LedgerChange[] | null;
}

/** Changes that a manager appends to a `ChangeLog`. */
export interface ToldChanges {
  /** The manager's name, unique among those that share the store. */
  readonly by: string;
  readonly at: EpochMs;
  /** `null` if anything may have changed; an empty list if there is nothing to append. */
  readonly changes: readonly LedgerChange[] | null;
  /** Whether the manager stops: it may stay away from now on. @default false */
  readonly isLast?: boolean;
}

/** A request to read a `ChangeLog`. */
export interface ChangesQuery {
  readonly at: EpochMs;
  /** `ChangesPage.position` of an earlier answer. @default the end */
  readonly after?: string;
  /** The most entries to return. */
  readonly limit: number;
}

/** Entries of a `ChangeLog` behind a position. */
export interface ChangesPage {
  /** Oldest first. */
  readonly entries: readonly ChangeEntry[];
  /** The position at which to continue: behind the last entry, or at the end if there are none. Digits, a dot and letters. */
  readonly position: string;
  /** Whether entries behind `after` may be missing: they are no longer kept, or nobody kept the log open. */
  readonly isGap: boolean;
}

/** How long a log stays open after it was read, ms. */
export const OPEN_MS = 60_000;

/** How long entries are kept, ms. */
export const KEPT_MS = 300_000;

/** How often a manager shows that it is alive, ms. */
export const ALIVE_EVERY_MS = 5_000;

/** How long a manager may be silent, ms: then whatever it has written and not told is made up for. */
export const SILENT_MS = 30_000;

/**
 * The log by which managers tell those who look at the ledger that it has changed. A facet of `ScheduleStore`.
 *
 * It is kept only while somebody reads it: a manager that learns so for the first time tells that anything may
 * have changed. A manager tells its changes after they are durable; one that dies in between is noticed by its
 * silence, and an entry says that anything may have changed. So a reader that reads the ledger again for every
 * entry, and all of it for every gap, misses nothing.
 */
export interface ChangeLog {
  /** Appends changes if the log is open, and notes that the manager is alive. Returns whether it is open. */
  tellChanges(told: ToldChanges): Promise<boolean>;
  /** Returns entries, and keeps the log open for `OPEN_MS`. A log that was not open begins anew. */
  readChanges(query: ChangesQuery): Promise<ChangesPage>;
}
