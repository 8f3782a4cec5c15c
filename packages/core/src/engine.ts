/**
 * The contract of a scheduling engine.
 *
 * @module
 */

export type {
  EngineCapabilities,
  EngineContext,
  EngineEntry,
  EngineSchedule,
  Fire,
  FireMoved,
  FireResult,
  FireSink,
  ScheduleEngine,
  ScheduleEngineClient,
} from "./engine/engine.js";
