import type { ServiceIdentifier } from "inversify";
import type { Clock } from "../clock/clock.js";
import type { DispatcherOptions } from "../dispatch/dispatcher.js";
import type { FireSink, ScheduleEngine, ScheduleEngineClient } from "../engine/engine.js";
import type { TidegateEmitter } from "../events/events.js";
import type { Gate } from "../gate/gate.js";
import type { OffsetProvider } from "../offset/offset-provider.js";
import type { ScheduleOperator } from "../operator/operator.js";
import type { ReadinessProbe } from "../probe/probe.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { DeclaredPools } from "../upkeep/declared-pools.js";

/** Settings for probes. */
export interface ReadinessOptions {
  /** Most questions to probes that are open at a time. @default 32 */
  readonly concurrency?: number;
  /** The longest that a probe may take to answer; taking longer counts as an error. @default 30,000 */
  readonly timeoutMs?: number;
}

/** Settings of a Tidegate instance. Durations in ms. */
export interface TidegateSettings {
  /**
   * Separates several installations that share one batch engine or one store: part of every run's identity.
   * A store keeps the schedules and runs of each namespace apart.
   * @default "default"
   */
  readonly namespace?: string;
  /** This manager's name, unique among those that share a store. @default a random one */
  readonly owner?: string;
  readonly dispatcher?: DispatcherOptions;
  /** How often engines are compared with the store. @default 300,000 */
  readonly reconcileEveryMs?: number;
  /**
   * How to handle engine definitions that differ from the store, such as ones paused, edited or deleted by
   * hand: `mend` repairs them, `report` only reports them (`engine-differs`). @default "mend"
   */
  readonly onEngineDrift?: "mend" | "report";
  /** How often to check for silent engines. @default 5,000 */
  readonly watchdogEveryMs?: number;
  /** How often to check backfills for which no event arrived. @default 5,000 */
  readonly backfillEveryMs?: number;
  /**
   * How long the inputs of a stale run must have been unchanged before it is run again (`onRestate: "rerun"`), so
   * that 24 restated hours make one new day; and for how long no late data must have come before its time is run again
   * (`onLate: "restate"`). If that never happens, ten times as long is waited. @default 60,000
   */
  readonly restateSettleMs?: number;
  /** The longest that a gate may take to answer; one that takes longer counts as broken. @default 30,000 */
  readonly gateTimeoutMs?: number;
  /** The longest that a provider of positions may take to answer; one that takes longer counts as away. @default 30,000 */
  readonly sourceTimeoutMs?: number;
  readonly readiness?: ReadinessOptions;
  /**
   * Pools by name, which are created or changed when the instance starts; those that it does not name stay as they
   * are. @default none
   */
  readonly pools?: DeclaredPools;
  /**
   * How far this machine's clock may be from the store's, if several managers share it; each measurement that
   * exceeds this emits a `clock-skew` event. The manager follows the store's clock in any case.
   * @default 10,000
   */
  readonly maxClockSkewMs?: number;
  /**
   * The largest skew with which the manager starts; a larger one is refused as CLOCK_SKEWED. @default 300,000
   */
  readonly refuseClockSkewMs?: number;
}

/**
 * The services that packages bind in their `ContainerModule`. Engines, engine clients, operators, gates,
 * probes and offset providers are multi-injected, so that any number of packages can bind theirs side by side; the
 * first engine and the first operator are the defaults.
 */
export const TOKENS = {
  store: Symbol.for("tidegate.ScheduleStore") as ServiceIdentifier<ScheduleStore>,
  engine: Symbol.for("tidegate.ScheduleEngine") as ServiceIdentifier<ScheduleEngine>,
  engineClient: Symbol.for("tidegate.ScheduleEngineClient") as ServiceIdentifier<ScheduleEngineClient>,
  operator: Symbol.for("tidegate.ScheduleOperator") as ServiceIdentifier<ScheduleOperator>,
  gate: Symbol.for("tidegate.Gate") as ServiceIdentifier<Gate>,
  probe: Symbol.for("tidegate.ReadinessProbe") as ServiceIdentifier<ReadinessProbe>,
  offsetProvider: Symbol.for("tidegate.OffsetProvider") as ServiceIdentifier<OffsetProvider>,
  /**
   * Bound by core: receives all fires, those of engines and those that arrive as callbacks from external
   * schedulers.
   */
  fireSink: Symbol.for("tidegate.FireSink") as ServiceIdentifier<FireSink>,
  clock: Symbol.for("tidegate.Clock") as ServiceIdentifier<Clock>,
  emitter: Symbol.for("tidegate.TidegateEmitter") as ServiceIdentifier<TidegateEmitter>,
  settings: Symbol.for("tidegate.TidegateSettings") as ServiceIdentifier<TidegateSettings>,
} as const;
