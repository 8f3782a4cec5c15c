import type { EpochMs } from "../clock/clock.js";

/**
 * How a report of late data was settled: `PENDING` until it is; `MARKED` if nothing runs again by itself;
 * `RESTATED` if a backfill runs the time again; `SEALED` if it lies in sealed time; `IGNORED` if the group ignores
 * it.
 */
export type LateState = "PENDING" | "MARKED" | "RESTATED" | "SEALED" | "IGNORED";

/** Time of a group for which rows came after it had been covered. */
export interface LateTime {
  /** The group whose time it is. */
  readonly groupId: string;
  /** The group whose jobs have reported it: the same one if its own jobs have written those rows. */
  readonly reportedBy: string;
  /** Inclusive, epoch ms. */
  readonly lower: EpochMs;
  /** Exclusive, epoch ms. */
  readonly upper: EpochMs;
  /** The last run that reported it. */
  readonly runId: string;
  /** How many rows, as far as the reports count them; `null` if none does. */
  readonly rowsLate: number | null;
  /** How many runs have reported it. */
  readonly reports: number;
  /** When it was reported first, epoch ms. */
  readonly firstAt: EpochMs;
  /** When it was reported last, epoch ms. */
  readonly lastAt: EpochMs;
  /** How the last report was settled. */
  readonly state: LateState;
  /** The backfill that runs it again; `null` if none does. */
  readonly backfillId: string | null;
}
