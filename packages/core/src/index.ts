import "reflect-metadata";

export type { AuditReport, AuditShare } from "./client/audit.js";
export type { BackfillPlan, BackfillRequest } from "./client/backfill-control.js";
export * from "./client/explain.js";
export type { UpdateOptions } from "./client/lifecycle.js";
export * from "./client/preview.js";
export type { RegisteredSchedule, RegistrationResult } from "./client/registration.js";
export type { RetryOptions } from "./client/run-control.js";
export { type Description, ScheduleClient } from "./client/schedule-client.js";
export type * from "./clock/clock.js";
export { pause } from "./clock/pause.js";
export * from "./clock/system-clock.js";
export { unlessAborted } from "./clock/unless-aborted.js";
export * from "./clock/virtual-clock.js";
export type { DispatcherOptions } from "./dispatch/dispatcher.js";
export type * from "./engine/engine.js";
export * from "./engine/engine-schedule.js";
export * from "./errors/errors.js";
export {
  type ClockSkewEvent,
  type ClockSteppedEvent,
  createEmitter,
  type EngineDiffersEvent,
  type EngineDriftEvent,
  type EngineForgotEvent,
  type EngineRepairedEvent,
  type EngineSilentEvent,
  type RunEvent,
  type ScheduleEvent,
  type TidegateEmitter,
  type TidegateEvents,
  type TroubleEvent,
} from "./events/events.js";
export type { EventMap, TypedEmitter } from "./events/typed-emitter.js";
export type * from "./gate/gate.js";
export type { Callback, RerunRequest, Taken } from "./intake/callback.js";
export type { Intake } from "./intake/intake.js";
export * from "./interval/boundaries.js";
export * from "./interval/interval-set.js";
export type * from "./job/dirty-data-limit.js";
export type * from "./job/job-outcome.js";
export type * from "./job/json.js";
export type * from "./job/offline-job-request.js";
export type * from "./job/run-kind.js";
export type * from "./job/schedule-mode.js";
export type * from "./operator/operator.js";
export * from "./options/option-schemas.js";
export * from "./options/parse-options.js";
export type * from "./run/backfill.js";
export * from "./run/claim-order.js";
export * from "./run/covering.js";
export * from "./run/gating.js";
export * from "./run/lane.js";
export * from "./run/place.js";
export type * from "./run/run.js";
export * from "./run/run-id.js";
export * from "./run/standing.js";
export * from "./schedule/gates-of.js";
export * from "./schedule/grid.js";
export * from "./schedule/inlong.js";
export type { Instant } from "./schedule/instant.js";
export { laneWidth, normalizeSchedule, type SpecDefaults } from "./schedule/normalize.js";
export type { NotBefore } from "./schedule/not-before.js";
export { type ParsedScheduleInfo, parseScheduleInfo } from "./schedule/parse.js";
export * from "./schedule/schedule.js";
export { scheduleInfoSchema } from "./schedule/schema.js";
export * from "./schedule/status.js";
export { type KnownOfSpec, readSpec, type StoredSpec } from "./schedule/stored-spec.js";
export type * from "./store/backfill-table.js";
export * from "./store/batcher.js";
export type * from "./store/gate-queue.js";
export * from "./store/memory-store.js";
export type * from "./store/page.js";
export * from "./store/placement.js";
export * from "./store/run-ledger.js";
export type * from "./store/run-queue.js";
export type * from "./store/schedule-store.js";
export type * from "./store/schedule-table.js";
export { compileTrigger } from "./trigger/compile.js";
export { CronTrigger, QUARTZ_PRESET, QUARTZ_PRESETS } from "./trigger/cron/cron-trigger.js";
export type * from "./trigger/cron/day-rule.js";
export type { CronFields } from "./trigger/cron/parse.js";
export * from "./trigger/dst-notes.js";
export type * from "./trigger/trigger.js";
export type * from "./trigger/trigger-spec.js";
export { tzdataVersion } from "./trigger/zone/zone.js";
export * from "./upkeep/engine-client.js";
export { tidegateModule } from "./wiring/core-module.js";
export * from "./wiring/define-engine.js";
export * from "./wiring/tidegate.js";
export * from "./wiring/tokens.js";
