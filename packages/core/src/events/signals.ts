import type { FireMoved } from "../engine/engine.js";
import type { Run, RunReason } from "../run/run.js";
import type { GroupState } from "../store/run-shortcuts.js";
import { GuardedEmitter, type TidegateEmitter } from "./events.js";
import type { TypedEmitter } from "./typed-emitter.js";

/** A request to cancel the open runs of some groups' live lanes. */
export interface CancelRequest {
  readonly groupIds: readonly string[];
  readonly reason: RunReason;
}

/** A run that has ended, as far as those who wait for intervals need it. */
export type EndedRun = Pick<Run, "groupId" | "lower" | "upper" | "generation" | "scheduleVersion" | "state">;

/**
 * Signals between Tidegate's components, by name: requests, and reasons to look again. They are not
 * facts about runs and schedules, which are events.
 */
export type TidegateSignals = {
  /** A schedule of this engine is due at another time than its last fire was answered. */
  "fire-moved": (moved: FireMoved, engine: string) => void;
  /**
   * Runs left the ledger's open set: what waited for them can continue. In the groups of `uncovered`, runs
   * were cancelled whose intervals are still to be covered. `states` has the state of some of the groups then.
   */
  "runs-ended": (
    groupIds: ReadonlySet<string>,
    uncovered: ReadonlySet<string>,
    states: ReadonlyMap<string, GroupState>,
  ) => void;
  /** A run has ended. Emitted at once for each, unlike `runs-ended`, and whoever listens takes little time. */
  "run-ended": (run: EndedRun) => void;
  /** A write may have made runs claimable. */
  "runs-claimable": () => void;
  /** The overlap policy `cancel-running` wants active runs cancelled. */
  "cancel-requested": (request: CancelRequest) => void;
  /** Schedules with deadlines were registered or changed. */
  "deadlines-changed": (groupIds: readonly string[]) => void;
  /** A run has reported late data. */
  "late-reported": () => void;
  /** A run has failed, and holds up those behind it. */
  "lane-blocked": (run: Run) => void;
  /** A run has used up its attempts and its schedule has `onFailure: "pause"`. */
  "pause-requested": (run: Run) => void;
};

/** Emitter of signals between Tidegate's components. */
export type SignalEmitter = TypedEmitter<TidegateSignals>;

/** Creates an emitter without listeners. An error that a listener throws is reported as `trouble`. */
export function createSignals(events: TidegateEmitter): SignalEmitter {
  return new GuardedEmitter((trouble) => events.emit("trouble", trouble)) as unknown as SignalEmitter;
}
