import type { EpochMs } from "../clock/clock.js";
import type { Fire, FireResult } from "../engine/engine.js";
import type { NewRun, RunSnapshot } from "../run/run.js";
import type { Schedule } from "../schedule/schedule.js";
import type { SealRead } from "../store/seal-table.js";
import type { SourceLook } from "./offset-plan.js";

/**
 * Why a group is planned. `fired`: its engine fired, and gets the answer. `resumed`: runs have ended; if
 * nothing more is owed, nobody has to know. `asked`: anything else; a new fire time is reported by an event.
 * `while-paused`: a person has what is owed run although the schedule is paused.
 */
export type PlanCause = "fired" | "resumed" | "asked" | "while-paused";

/** The findings of a look at a source. */
interface SourceFinding {
  /** The schedule as it was looked at for. */
  readonly of: Schedule;
  /** Whether it was looked at for a snapshot. */
  readonly isForSnapshot: boolean;
  readonly found: SourceLook | "not-begun";
}

/** A group that is being planned, and the results so far. */
export interface PlanWork {
  readonly groupId: string;
  cause: PlanCause;
  /** Whether to look for cancelled runs that nothing covers, whatever the policy. */
  readonly mayBeUncovered: boolean;
  /** When the engine was to fire according to the store, epoch ms, before anything was planned. */
  toldToFireAt: EpochMs | null;
  /** Fires not judged yet. */
  readonly fires: Fire[];
  readonly runs: NewRun[];
  conflicts: number;
  /** The watermark of the last plan that the store refused, epoch ms. */
  refusedAt: EpochMs | undefined;
  /** Whether the store has no such schedule, by what was read last. */
  isUnknown: boolean;
  /** The ledger already has the empty interval with which an inclusive end closes. */
  isEmptyPlanned: boolean;
  /** The positions found in the source, and the schedule they were read for. */
  look: SourceFinding | undefined;
  /** The snapshot that a person has asked for, until it is planned. */
  snapshot: RunSnapshot | undefined;
  /** The seal on which that was decided: see `SealRead.seal`. */
  seal: SealRead["seal"];
  /**
   * How much of a source is planned. `due`: as the schedule says. `owed`: what is owed, without waiting for
   * `batchUntil`. `all`: everything that the source has now, until that is done.
   */
  reads: "due" | "owed" | "all";
  /** The look at the source in progress, and the planning that follows it. */
  looking: Promise<void> | undefined;
  outcome: FireResult["outcome"];
  nextFireAt: EpochMs | null;
  error: Error | undefined;
}

/** Returns the work of a group of which nothing is planned yet. */
export function newWork(
  groupId: string,
  cause: PlanCause,
  mayBeUncovered = cause === "asked" || cause === "while-paused",
): PlanWork {
  return {
    groupId,
    cause,
    mayBeUncovered,
    toldToFireAt: null,
    fires: [],
    runs: [],
    conflicts: 0,
    refusedAt: undefined,
    isUnknown: false,
    isEmptyPlanned: false,
    look: undefined,
    snapshot: undefined,
    seal: undefined,
    reads: "due",
    looking: undefined,
    outcome: "duplicate",
    nextFireAt: null,
    error: undefined,
  };
}

/** Returns the answer to a fire, or to a request to plan. */
export function resultOf({ groupId, outcome, runs, nextFireAt, error }: PlanWork): FireResult {
  return { groupId, outcome, runs, nextFireAt, ...(error === undefined ? {} : { error }) };
}
