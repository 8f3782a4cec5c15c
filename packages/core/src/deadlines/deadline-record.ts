import type { EpochMs } from "../clock/clock.js";

/**
 * How an interval stands to its deadline. `PENDING`: open, and not at risk. `AT_RISK`: open, and not likely to
 * be met. `ON_TIME`: met. `LATE`: met at the deadline or later. `MISSED`: not met, and still open. `EXCUSED`: nothing
 * was expected.
 */
export type DeadlineState = "PENDING" | "AT_RISK" | "ON_TIME" | "LATE" | "MISSED" | "EXCUSED";

/** The states in which an interval still has to be met, and somebody should know. */
export const OPEN_STATES = ["AT_RISK", "MISSED"] as const satisfies readonly DeadlineState[];

/**
 * The subject of a deadline: an interval; the freshness of a group's data; the data that its source has to have
 * (`expectData`); or the headroom of positions that are still to be read, before the source lets go of them.
 */
export type DeadlineSubject = "interval" | "freshness" | "data" | "headroom";

/** Why a deadline is at risk or excused. */
export type DeadlineReason =
  /** A run of the interval has used up its attempts. */
  | "failed"
  /** A failed run blocks the lane. */
  | "blocked"
  /** A policy or a person gave the interval up. */
  | "given-up"
  /** At the usual duration, its run would end too late. */
  | "slow"
  /** It is not done `warnBeforeMs` before the deadline. */
  | "warning"
  /** The schedule was paused when the deadline passed. */
  | "paused"
  /** The schedule was unregistered. */
  | "unregistered"
  /** The schedule no longer has the deadline, or the interval. */
  | "removed";

/** A deadline that was not simply met: at risk, missed, met late or after a risk, or excused. */
export interface DeadlineRecord {
  /** The group it belongs to. */
  readonly groupId: string;
  /** Its subject. */
  readonly subject: DeadlineSubject;
  /**
   * Inclusive lower bound of the interval; of the first one, if adjacent intervals are excused together; of a
   * group's freshness, the time up to which it was covered, epoch ms.
   */
  readonly lower: EpochMs;
  /** Exclusive upper bound; `lower` of a group's freshness, epoch ms. */
  readonly upper: EpochMs;
  /** When it had to be met; that of the last interval, if several are excused together, epoch ms. */
  readonly deadlineAt: EpochMs;
  /** Its state. */
  readonly state: DeadlineState;
  /** Why it is in this state; `null` if that is plain. */
  readonly reason: DeadlineReason | null;
  /** Since when it is in this state, epoch ms. */
  readonly since: EpochMs;
  /** When it was met, epoch ms; `null` if it is not. */
  readonly metAt: EpochMs | null;
}
