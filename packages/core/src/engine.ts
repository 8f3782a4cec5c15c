/**
 * The contract of a scheduling engine, and how one is defined.
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
export { engineSchedule } from "./engine/engine-schedule.js";
export {
  defineEngine,
  type EngineBody,
  type EngineDefinition,
  type EngineParts,
} from "./wiring/define-engine.js";
