import type { EpochMs } from "../clock/clock.js";
import type { Run } from "../run/run.js";
import type { PlanCommit } from "./run-ledger.js";
import type { ClaimedRun, ClaimRequest, RunChange } from "./run-queue.js";

/** The answer to a commit: it was refused, or planned, or planned with its run claimed at once. */
export type PlanAnswer = "refused" | "planned" | ClaimedRun;

/** A change with which the holder of a run ends it. */
export interface RunEnd {
  /** As it was claimed. */
  readonly run: Run;
  readonly change: RunChange;
}

/** The state of a group when a run of it ended. */
export interface GroupState {
  readonly version: number;
  readonly watermark: EpochMs;
  /** See `Schedule.nextFireAt`. */
  readonly nextFireAt: EpochMs | null;
  /** How many runs of the lane had not ended, or blocked it. */
  readonly openRuns: number;
  /** How many of them blocked it. */
  readonly blockingRuns: number;
}

/** The effect of a run's end on its group. */
export interface EndEffect {
  /** Whether the end may have made other runs claimable, or gated ones due. */
  readonly mayAdmit: boolean;
  /** `undefined` if the store has not looked. */
  readonly group: GroupState | undefined;
}

/**
 * Shortcuts for the usual life of a run, each one write where a store that others share would need several: most
 * runs are carried out by the manager that plans them, and their end lets nothing else begin. A facet of
 * `ScheduleStore` that a store may lack: core then plans, claims and looks again one after the other.
 */
export interface RunShortcuts {
  /**
   * As `plan`; and the only run of a commit may be claimed in the same transaction, as `claim` would, if it would be
   * ready at once. The caller has made sure that no other run is to be claimed before these. A store may claim fewer
   * than it could, and none that gates hold, pools choose or another operator executes; never more than the limit.
   */
  planAndClaim?(commits: readonly PlanCommit[], request: ClaimRequest): Promise<PlanAnswer[]>;
  /** As `changeRuns`, and tells the effect of each end; `undefined` for one that is refused. */
  endRuns?(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]>;
}
