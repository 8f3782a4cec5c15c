import type { EpochMs } from "../clock/clock.js";
import type { ReadyMark, Run, RunError, RunInput, RunWait } from "../run/run.js";
import type { RunChange } from "./run-queue.js";

/** A run that is held by gates and due to be asked about. */
export interface GatedRun {
  readonly run: Run;
  /** Since when it is due, epoch ms; 0 if it was woken. */
  readonly lookAt: EpochMs;
  /** Changes whenever the run is gated, settled or woken: an answer counts only if this is as it was before. */
  readonly look: number;
}

/** A query for gated runs that are due. */
export interface GatedQuery {
  /** Only runs due at or before this instant, epoch ms. */
  readonly now: EpochMs;
  readonly limit: number;
  /** Only runs behind this one, in the order of the listing. @default from the first */
  readonly after?: { readonly lookAt: EpochMs; readonly id: string };
}

/** Why gates give a run up, and what that means for its lane. */
export interface GateFailure {
  readonly error: RunError;
  /** Whether its lane waits until somebody has dealt with it. */
  readonly isBlocking: boolean;
}

/** The outcome of asking a run's gates, written only if the run is still gated and `look` is as it was read. */
export type GateSettlement = {
  readonly id: string;
  readonly look: number;
  /** When it is written, epoch ms. */
  readonly at: EpochMs;
} & (
  | {
      readonly isOpen: true;
      /** Time of other groups that the run reads. @default none */
      readonly inputs?: readonly RunInput[];
    }
  | {
      readonly isOpen: false;
      /** The run's wait from now on; any run of a group in its `wokenBy` wakes it when it ends. */
      readonly wait: RunWait;
      /** When it is due again, epoch ms. */
      readonly lookAt: EpochMs;
      readonly failure?: undefined;
    }
  | {
      readonly isOpen: false;
      /** The run fails, without an attempt. */
      readonly failure: GateFailure;
    }
);

/** Returns the change of a run that its gates give up. */
export function failureAtGates(
  { id, at }: Pick<GateSettlement, "id" | "at">,
  { error, isBlocking }: GateFailure,
): RunChange {
  return { id, from: ["PLANNED"], state: "FAILED", at, isBlocking, endedAt: at, error };
}

/**
 * The runs that are held by gates. A run whose `gating` is not `none` becomes `gated` where it would become
 * `ready`: when its lane admits it, or when it is inserted beside the lane. It is due to be asked about at
 * once. A facet of `ScheduleStore`.
 */
export interface GateQueue {
  /** Returns gated runs that are due, by `lookAt`, then id. */
  listGated(query: GatedQuery): Promise<GatedRun[]>;
  /**
   * Settles each; `false` if the run is no longer gated, `look` has moved, or the digest of an input is another
   * by now: the run is then due as before.
   *
   * An open run becomes `ready` and takes a place of its lane. If none is free, if a run blocks, or if it
   * would overtake a gated run that keeps its turn, it waits for its lane instead, and goes through its gates
   * again. A run beside the lane becomes `ready` in any case. Its inputs are kept with it, in place of those of
   * an earlier opening, and it is stale no longer.
   *
   * A run that fails does so in the same write, with all that the end of a run entails: its lane admits others or
   * blocks, and the runs that its group wakes are due. So it is never failed for a reason that holds no longer.
   */
  settleGates(settlements: readonly GateSettlement[]): Promise<boolean[]>;
  /**
   * Marks a gated run, or marks it anew, and makes it due; answers to questions that were asked before no
   * longer count. The mark stays with the run. `false` if the run is not gated.
   */
  markReady(id: string, mark: ReadyMark): Promise<boolean>;
}
