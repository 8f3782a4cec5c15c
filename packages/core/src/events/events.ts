import { EventEmitter } from "node:events";
import type { Clock, EpochMs } from "../clock/clock.js";
import { SystemClock } from "../clock/system-clock.js";
import type { DeadlineEvent } from "../deadlines/alerts.js";
import { messageOf } from "../errors/errors.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { LateTime } from "../run/late-time.js";
import type { NewRun, Run, RunError, RunState } from "../run/run.js";
import type { ScheduleStatus } from "../schedule/schedule.js";
import { StoreTroubles } from "./store-troubles.js";
import type { TypedEmitter } from "./typed-emitter.js";

/** A run's change of state. */
export interface RunEvent {
  readonly run: Run;
  readonly from: RunState;
}

/** A schedule's change of status or version. */
export interface ScheduleEvent {
  readonly groupId: string;
  readonly version: number;
  readonly status: ScheduleStatus;
  readonly reason: string | null;
}

/** A report of a source group's coverage that said something new. */
export interface CoverageReportedEvent {
  readonly groupId: string;
  /** The time that is covered now and was not, or has another version. */
  readonly changed: IntervalSet;
  /** `null` if it named none. */
  readonly version: string | null;
  readonly note: string;
}

/** A run that has succeeded and has read other data than there are now. */
export interface RunStaleEvent {
  /** See `Run.staleAt` and `Run.inputs`. */
  readonly run: Run;
  /** The backfill that runs its interval again; `null` if nothing does (`onRestate: "mark"`). */
  readonly backfillId: string | null;
}

/** Time of a group for which rows came after it had been covered. */
export interface LateDataEvent {
  /** As it is settled. */
  readonly late: LateTime;
}

/** An engine's silence past a due time; the watchdog has planned the interval itself. */
export interface EngineSilentEvent {
  readonly groupId: string;
  readonly engine: string;
  /** When the fire was due, epoch ms. */
  readonly dueAt: EpochMs;
  /** How long after that the watchdog acted, ms. */
  readonly lateMs: number;
}

/** A fire for a time that is not on the schedule's grid. The grid's intervals were planned, if any. */
export interface EngineDriftEvent {
  readonly groupId: string;
  readonly scheduledTime: EpochMs;
}

/**
 * A difference between an engine's definitions and the store that is not repaired: see the setting
 * `onEngineDrift`. Reported in each pass.
 */
export interface EngineDiffersEvent {
  readonly engine: string;
  /** Groups that the engine should fire but does not. */
  readonly missing: readonly string[];
  /** Groups of which it holds another version. */
  readonly stale: readonly string[];
  /** Groups that it should not fire. */
  readonly orphans: readonly string[];
}

/**
 * A loss of an engine's definitions that the engine has noticed: its scheduler was emptied or restored from an
 * older state. The reconciler compares it at once.
 */
export interface EngineForgotEvent {
  readonly engine: string;
}

/** A repair of an engine's definitions by the reconciler. */
export interface EngineRepairedEvent {
  readonly engine: string;
  readonly registered: number;
  readonly updated: number;
  readonly removed: number;
}

/**
 * A skew between this machine's clock and the store's beyond `maxClockSkewMs`. Reported at each measurement.
 */
export interface ClockSkewEvent {
  /** How far it is ahead of the store's, ms; negative if behind. */
  readonly skewMs: number;
  readonly maxSkewMs: number;
}

/**
 * A step of this machine's clock: it was set, or the machine was suspended. Time-outs and pauses continue by
 * elapsed time.
 */
export interface ClockSteppedEvent {
  /** Ms; negative if the clock was set back. */
  readonly stepMs: number;
}

/** An error in the background; the work will be retried. */
export interface TroubleEvent {
  /**
   * Source: `planner`, `dispatcher`, `gate`, `probe`, `deadline`, `reconciler`, `watchdog`, `backfill`, `engine`,
   * `source`, `listener`, `clock`, `changes`.
   */
  readonly where: string;
  readonly groupId?: string;
  readonly runId?: string;
  readonly error: RunError;
  /**
   * How many like it were left out since the last one: an error of the store as a whole, such as STORE_FULL, is
   * reported every 10 s by each source, whatever it fails for. Absent if none was.
   */
  readonly omitted?: number;
}

/**
 * Events of a Tidegate instance, by name: facts, each emitted after it is durable. Listeners run synchronously:
 * keep them short. An error that one throws is reported as `trouble` and has no other effect.
 */
export type TidegateEvents = {
  /** Runs were planned or skipped, in one transaction. */
  "runs-planned": (runs: readonly NewRun[]) => void;
  /** A run's state has changed; the change is durable. */
  "run-state": (event: RunEvent) => void;
  /** A run is stale. Emitted once for each run, by one of the managers. */
  "run-stale": (event: RunStaleEvent) => void;
  /** Late data was reported, and is settled. Emitted once for each, by one of the managers. */
  "late-data": (event: LateDataEvent) => void;
  /** The same of time that is sealed: nothing runs it again without a person's word. */
  "late-after-seal": (event: LateDataEvent) => void;
  "schedule-status": (event: ScheduleEvent) => void;
  "coverage-reported": (event: CoverageReportedEvent) => void;
  "engine-silent": (event: EngineSilentEvent) => void;
  "engine-drift": (event: EngineDriftEvent) => void;
  "engine-differs": (event: EngineDiffersEvent) => void;
  /** Emitted by engines; the reconciler listens. */
  "engine-forgot": (event: EngineForgotEvent) => void;
  "engine-repaired": (event: EngineRepairedEvent) => void;
  /** An interval is open, and not likely to meet its deadline. */
  "deadline-at-risk": (event: DeadlineEvent) => void;
  /** An interval has not met its deadline. Once per interval. */
  "deadline-missed": (event: DeadlineEvent) => void;
  /**
   * An interval that was at risk or missed needs no attention any more; its state says whether it was met in
   * time, late, or is excused.
   */
  "deadline-recovered": (event: DeadlineEvent) => void;
  /** The time up to which a group is covered lies too far behind: see `ScheduleInfo.freshness`. */
  "freshness-lost": (event: DeadlineEvent) => void;
  "freshness-recovered": (event: DeadlineEvent) => void;
  /** A source has had nothing new for too long: see `ScheduleInfo.expectData`. */
  "data-missing": (event: DeadlineEvent) => void;
  "data-recovered": (event: DeadlineEvent) => void;
  /**
   * Positions that are still to be read may soon be gone: `deadlineAt` says when, at the present rate. Once until there
   * is enough headroom again; see `OffsetWatermark.headroomMs`.
   */
  "offsets-expiring": (event: DeadlineEvent) => void;
  "clock-skew": (event: ClockSkewEvent) => void;
  "clock-stepped": (event: ClockSteppedEvent) => void;
  trouble: (event: TroubleEvent) => void;
};

/** Emitter of Tidegate's events. */
export type TidegateEmitter = TypedEmitter<TidegateEvents>;

/** Creates an emitter without listeners. @param clock - times how often the store's troubles are reported */
export function createEmitter(clock: Clock = new SystemClock()): TidegateEmitter {
  const emitter: TidegateEmitter = new EventsEmitter(
    (trouble) => emitter.emit("trouble", trouble),
    new StoreTroubles(clock),
  ) as unknown as TidegateEmitter;
  return emitter;
}

/**
 * An error thrown by a listener must not hold up the work that it listens to, nor keep other listeners from
 * being called: it becomes a `trouble`, or a process warning if nobody listens for those.
 */
export class GuardedEmitter extends EventEmitter {
  readonly #report: (trouble: TroubleEvent) => boolean;

  /** @param report - emits a trouble; returns whether anybody listens */
  constructor(report: (trouble: TroubleEvent) => boolean) {
    super();
    this.#report = report;
  }

  override emit(name: string | symbol, ...values: unknown[]): boolean {
    if (this.listenerCount(name) === 0) return false;
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
    if (name === "trouble" || !this.#report(trouble)) process.emitWarning(message);
  }
}

/** The emitter of a Tidegate instance's events. */
class EventsEmitter extends GuardedEmitter {
  readonly #troubles: StoreTroubles;

  constructor(report: (trouble: TroubleEvent) => boolean, troubles: StoreTroubles) {
    super(report);
    this.#troubles = troubles;
  }

  override emit(name: string | symbol, ...values: unknown[]): boolean {
    if (name !== "trouble") return super.emit(name, ...values);
    const trouble = this.#troubles.thinned(values[0] as TroubleEvent);
    return trouble === undefined ? this.listenerCount("trouble") > 0 : super.emit("trouble", trouble);
  }
}
