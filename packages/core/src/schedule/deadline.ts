import type { BoundaryType } from "../interval/boundaries.js";
import type { AfterInterval } from "./after-interval.js";

/** How a pause affects deadlines that pass meanwhile. */
export type WhilePaused = "alert" | "excuse";

/**
 * The time by which each interval has to have succeeded: so long after its end (`afterMs`), or at a local time
 * of the day on which it ends (`at`, in the schedule's zone), `days` later.
 */
export type Deadline = AfterInterval & {
  /** How long before the deadline an interval that is not done is reported as at risk, ms. @default never */
  readonly warnBeforeMs?: number;
  /**
   * How to judge deadlines that pass while the schedule is paused: `excuse` them, or `alert` as always. A
   * schedule that a failure has blocked or paused is never excused.
   * @default "excuse"
   */
  readonly whilePaused?: WhilePaused;
};

/** How far a group's data may lag behind. */
export interface Freshness {
  /** The longest that the time up to which a group is covered may lie behind now, ms, at least 1. */
  readonly maxLagMs: number;
  /**
   * How to judge deadlines that pass while the schedule is paused: `excuse` them, or `alert` as always. A
   * schedule that a failure has blocked or paused is never excused.
   * @default excuse
   */
  readonly whilePaused?: WhilePaused;
}

/** How soon a source that is read by positions has to have something new again. */
export interface ExpectedData {
  /**
   * The longest that nothing new may come, ms, at least 1; counted from the last look that found something.
   */
  readonly withinMs: number;
  /**
   * How to judge deadlines that pass while the schedule is paused: `excuse` them, or `alert` as always. A
   * schedule that a failure has blocked or paused is never excused.
   * @default excuse
   */
  readonly whilePaused?: WhilePaused;
}

/** Returns whether a schedule has anything that is watched by the clock: of a source, how long it keeps positions. */
export function isWatched({
  boundaryType,
  deadline,
  freshness,
  expectData,
}: {
  readonly boundaryType?: BoundaryType;
  readonly deadline?: Deadline | null;
  readonly freshness?: Freshness | null;
  readonly expectData?: ExpectedData | null;
}): boolean {
  // Specifications that were stored before there were deadlines have none of these fields.
  return boundaryType === "OFFSET" || deadline != null || freshness != null || expectData != null;
}
