import { EventEmitter } from "node:events";
import type { EpochMs } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { NewRun, Run, RunError, RunReason, RunState } from "../run/run.js";
import type { ScheduleStatus } from "../schedule/schedule.js";
import type { TypedEmitter } from "./typed-emitter.js";

/** A run has come into another state. */
export interface RunEvent {
  readonly run: Run;
  readonly from: RunState;
}

/** The open runs of some groups' live lanes are to be cancelled. */
export interface CancelRequest {
  readonly groupIds: readonly string[];
  readonly reason: RunReason;
}

/** A schedule has come into a status, or has a new version. */
export interface ScheduleEvent {
  readonly groupId: string;
  readonly version: number;
  readonly status: ScheduleStatus;
  readonly reason: string | null;
}

/** A group's next fire is due at another time than its engine was told: something else than a fire has planned. */
export interface FireMovedEvent {
  readonly groupId: string;
  /** Epoch ms, the delay included; `null` when none is due any more. */
  readonly nextFireAt: EpochMs | null;
  readonly delayMs: number;
}

/** An engine was silent past a due time; the watchdog has planned the interval itself. */
export interface EngineSilentEvent {
  readonly groupId: string;
  readonly engine: string;
  /** When the fire was due, epoch ms. */
  readonly dueAt: EpochMs;
  /** How long after that the watchdog acted, ms. */
  readonly lateMs: number;
}

/** An engine fired for a time that is not on the schedule's grid. The grid's intervals were planned, if any. */
export interface EngineDriftEvent {
  readonly groupId: string;
  readonly scheduledTime: EpochMs;
}

/** What an engine holds differs from the store, and is left so: see the setting `onEngineDrift`. Told in each pass. */
export interface EngineDiffersEvent {
  readonly engine: string;
  /** Groups that the engine should fire and does not. */
  readonly missing: readonly string[];
  /** Groups of which it holds another version. */
  readonly stale: readonly string[];
  /** Groups that it should not fire. */
  readonly orphans: readonly string[];
}

/** The reconciler has mended what an engine held. */
export interface EngineRepairedEvent {
  readonly engine: string;
  readonly registered: number;
  readonly updated: number;
  readonly removed: number;
}

/** Something went wrong in the background and will be tried again. */
export interface TroubleEvent {
  /** Where: `planner`, `dispatcher`, `reconciler`, `watchdog`, `backfill`, `engine`, `listener`. */
  readonly where: string;
  readonly groupId?: string;
  readonly runId?: string;
  readonly error: RunError;
}

/**
 * The events of a Tidegate, by name. Listeners run synchronously: keep them short. What one throws is told as `trouble` and
 * has no other effect.
 */
export type TidegateEvents = {
  /** Runs were planned or skipped, in one transaction. */
  "runs-planned": (runs: readonly NewRun[]) => void;
  /** A run has changed its state; the change is durable. */
  "run-state": (event: RunEvent) => void;
  "schedule-status": (event: ScheduleEvent) => void;
  "fire-moved": (event: FireMovedEvent) => void;
  "engine-silent": (event: EngineSilentEvent) => void;
  "engine-drift": (event: EngineDriftEvent) => void;
  "engine-differs": (event: EngineDiffersEvent) => void;
  "engine-repaired": (event: EngineRepairedEvent) => void;
  /** Runs left the ledger's open set: what waited for them can go on. For the parts of Tidegate itself and for tests. */
  "runs-ended": (groupIds: ReadonlySet<string>) => void;
  /** A write may have made runs claimable. For the parts of Tidegate itself. */
  "runs-claimable": () => void;
  /** The overlap policy `cancel-running` wants active runs out of the way. */
  "cancel-requested": (request: CancelRequest) => void;
  /** A run has used up its attempts and its schedule says `onFailure: "pause"`. */
  "pause-requested": (run: Run) => void;
  trouble: (event: TroubleEvent) => void;
};

/** Tells what happens. Nothing downstream calls back up; who needs to know, listens. */
export type TidegateEmitter = TypedEmitter<TidegateEvents>;

/** A new emitter without listeners. */
export function createEmitter(): TidegateEmitter {
  return new GuardedEmitter() as unknown as TidegateEmitter;
}

/**
 * What a listener throws must not hold up the work that it listens to, nor keep other listeners from hearing: it becomes
 * a `trouble`, or a warning of the process where nobody listens for those.
 */
class GuardedEmitter extends EventEmitter {
  override emit(name: string | symbol, ...values: unknown[]): boolean {
    const listeners = this.rawListeners(name);
    for (const listener of listeners) {
      try {
        Reflect.apply(listener, this, values);
      } catch (error) {
        this.#tell(name, error);
      }
    }
    return listeners.length > 0;
  }

  #tell(name: string | symbol, thrown: unknown): void {
    const message = `A listener of ${String(name)} threw: ${messageOf(thrown)}`;
    const trouble: TroubleEvent = { where: "listener", error: { code: "LISTENER_FAILED", message } };
    if (name === "trouble" || !this.emit("trouble", trouble)) process.emitWarning(message);
  }
}
