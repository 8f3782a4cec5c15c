/**
 * Schemas of schedules and runs, for services that validate or document them at their own endpoints.
 *
 * @module
 */

export { changeKindSchema, ledgerChangeSchema } from "./changes/schema.js";
export {
  type Dependent,
  type KnownGroups,
  refusalsOfUnknown,
  requiredUpstreamsOf,
} from "./client/unknown-groups.js";
export {
  deadlineReasonSchema,
  deadlineRecordSchema,
  deadlineStateSchema,
  deadlineSubjectSchema,
} from "./deadlines/schema.js";
export { intervalSchema } from "./interval/schema.js";
export { jobMetricsSchema, runKindSchema } from "./job/schema.js";
export { offsetWatermarkSchema, rebaseSchema, runOffsetsSchema, startAtSchema } from "./offset/schema.js";
export { poolInfoSchema, poolStatusSchema } from "./pool/schema.js";
export { backfillSchema, backfillSelectSchema } from "./run/backfill-schema.js";
export { lateStateSchema, lateTimeSchema } from "./run/late-schema.js";
export { runLogSchema } from "./run/log-schema.js";
export {
  attemptRecordSchema,
  placeSchema,
  runErrorSchema,
  runInputSchema,
  runReasonSchema,
  runReportSchema,
  runSchema,
  runSnapshotSchema,
  runStateSchema,
  runWaitSchema,
  unmetDependencySchema,
} from "./run/schema.js";
export { readInstant } from "./schedule/instant.js";
export { normalizeSchedule, type SpecDefaults } from "./schedule/normalize.js";
export { type DependentDefault, type ParsedScheduleInfo, parseScheduleInfo } from "./schedule/parse.js";
export { jobSchema, offsetSourceSchema, scheduleInfoSchema, scheduleSpecSchema } from "./schedule/schema.js";
export { sourceInfoSchema } from "./schedule/source-info.js";
export { scheduleSchema, scheduleStatusSchema, scheduleVersionSchema } from "./schedule/stored-schema.js";
export { listedShardSchema, shardStateSchema, shardSummarySchema } from "./shard/schema.js";
export { triggerSchema } from "./trigger/trigger-schema.js";
