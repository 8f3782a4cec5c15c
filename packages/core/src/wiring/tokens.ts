import type { ServiceIdentifier } from "inversify";
import type { Clock } from "../clock/clock.js";
import type { DispatcherOptions } from "../dispatch/dispatcher.js";
import type { FireSink, ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import type { TidegateEmitter } from "../events/events.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** What of a Tidegate can be set. Durations in ms. */
export interface TidegateSettings {
  /** Keeps apart what several installations do with one batch engine: a part of every run's identity. @default "default" */
  readonly namespace?: string;
  /** This manager's name, unique among those that share a store. @default a random one */
  readonly owner?: string;
  readonly dispatcher?: DispatcherOptions;
  /** How often engines are held against the store. @default 300,000 */
  readonly reconcileEveryMs?: number;
  /**
   * What becomes of definitions in engines that differ from the store, such as those that somebody has paused, edited or
   * deleted by hand: they are mended, or only told of (`engine-differs`). @default "mend"
   */
  readonly onEngineDrift?: "mend" | "report";
  /** How often to look for engines that are silent. @default 5,000 */
  readonly watchdogEveryMs?: number;
  /** How often to look at backfills that no event told of. @default 5,000 */
  readonly backfillEveryMs?: number;
  /**
   * How far this machine's clock may be from the store's, where several managers share it, before each measurement that finds
   * it further off is a `clock-skew` event. The manager goes by the store's clock in any case. @default 10,000
   */
  readonly maxClockSkewMs?: number;
  /** How far it may be off for the manager to start; further is refused as CLOCK_SKEWED. @default 300,000 */
  readonly refuseClockSkewMs?: number;
}

/**
 * What packages bind in their `ContainerModule`. Engines, engine clients and operators are found by multi-injection, so
 * that any number of packages bind theirs side by side; the first of each is the default.
 */
export const TOKENS = {
  store: Symbol.for("tidegate.ScheduleStore") as ServiceIdentifier<ScheduleStore>,
  engine: Symbol.for("tidegate.ScheduleEngine") as ServiceIdentifier<ScheduleEngine>,
  engineClient: Symbol.for("tidegate.ScheduleEngineClient") as ServiceIdentifier<ScheduleEngineClient>,
  operator: Symbol.for("tidegate.ScheduleOperator") as ServiceIdentifier<ScheduleOperator>,
  /** Bound by core: where all fires go, those of engines and those that come from outside as callbacks of schedulers. */
  fireSink: Symbol.for("tidegate.FireSink") as ServiceIdentifier<FireSink>,
  clock: Symbol.for("tidegate.Clock") as ServiceIdentifier<Clock>,
  emitter: Symbol.for("tidegate.TidegateEmitter") as ServiceIdentifier<TidegateEmitter>,
  settings: Symbol.for("tidegate.TidegateSettings") as ServiceIdentifier<TidegateSettings>,
} as const;
