import "reflect-metadata";

export type { ChangeFeed, ChangeNews } from "./changes/change-feed.js";
export type { AuditReport, AuditShare } from "./client/audit.js";
export type { OffsetAudit, PartitionAudit, PositionRange } from "./client/audit-offsets.js";
export type { SnapshotAudit, SnapshotDrift } from "./client/audit-snapshots.js";
export type { BackfillPlan, BackfillRequest } from "./client/backfill-control.js";
export type {
  BucketUnit,
  CoverageBucket,
  CoverageBuckets,
  CoverageCondition,
} from "./client/coverage-buckets.js";
export type { BucketOptions } from "./client/coverage-query.js";
export type { CoverageAnswer, CoverageOptions } from "./client/coverage-waits.js";
export type { Description } from "./client/description.js";
export type { Explanation } from "./client/explain.js";
export type { GroupLag, LagOptions, Lags } from "./client/lags.js";
export type { UnregisterOptions, UpdateOptions } from "./client/lifecycle.js";
export type { ImportedState, OffsetImport } from "./client/offset-import.js";
export type { LedgerOperations } from "./client/operations/ledger-operations.js";
export type { PoolOperations } from "./client/operations/pool-operations.js";
export type { RerunOperations } from "./client/operations/rerun-operations.js";
export type { RunOperations } from "./client/operations/run-operations.js";
export type { ScheduleOperations } from "./client/operations/schedule-operations.js";
export type { SourceOperations } from "./client/operations/source-operations.js";
export type { FirstRead, Preview, PreviewInterval, PreviewOptions } from "./client/preview.js";
export type { RegisteredSchedule, RegistrationResult } from "./client/registration.js";
export {
  type Restatement,
  type RestatementPlan,
  type RestatementRequest,
  requestOfPlan,
} from "./client/restatement-control.js";
export type { Reach, RestatedGroup, RestatementStop } from "./client/restatement-plan.js";
export type { RetryOptions, TriggerOptions } from "./client/run-control.js";
export type { LogOptions, RunLog } from "./client/run-logs.js";
export type {
  ListedShard,
  OpenMldbState,
  ShardFilter,
  ShardPage,
  ShardSummary,
  ShownShardState,
} from "./client/run-shards.js";
export { ScheduleClient } from "./client/schedule-client.js";
export type { ForceOptions } from "./client/seals.js";
export type { SnapshotRequest } from "./client/snapshot-control.js";
export type { CoverageReceipt, CoverageReport } from "./client/source-control.js";
export type { RebaseRequest } from "./client/source-rebase.js";
export type { StaleRun } from "./client/stale-runs.js";
export type { EpochMs } from "./clock/clock.js";
export type { DeadlineEvent } from "./deadlines/alerts.js";
export type {
  DeadlineReason,
  DeadlineRecord,
  DeadlineState,
  DeadlineSubject,
} from "./deadlines/deadline-record.js";
export type {
  AlignUnit,
  CalendarShift,
  Dependency,
  DependencyTimeout,
  DependencyTree,
  DependencyWindow,
  Duration,
  RestatePolicy,
} from "./dependency/dependency.js";
export type { DispatcherOptions } from "./dispatch/dispatcher.js";
export {
  ConfigurationError,
  EngineError,
  type ErrorCode,
  type ErrorDetails,
  hasCode,
  isTidegateError,
  LedgerError,
  type LedgerErrorDetails,
  OperatorError,
  type OperatorErrorDetails,
  PoolError,
  ScheduleError,
  SourceError,
  type SourceErrorDetails,
  StoreError,
  TidegateError,
  TriggerError,
} from "./errors/errors.js";
export type {
  ClockSkewEvent,
  ClockSteppedEvent,
  CoverageReportedEvent,
  EngineDiffersEvent,
  EngineDriftEvent,
  EngineForgotEvent,
  EngineRepairedEvent,
  EngineSilentEvent,
  LateDataEvent,
  RunEvent,
  RunStaleEvent,
  ScheduleEvent,
  TidegateEmitter,
  TidegateEvents,
  TroubleEvent,
} from "./events/events.js";
export type { EventMap, TypedEmitter } from "./events/typed-emitter.js";
export type { Callback, RerunRequest, Taken } from "./intake/callback.js";
export { Intake } from "./intake/intake.js";
export type { Boundaries, BoundaryType, Interval } from "./interval/boundaries.js";
export type { DirtyDataLimit } from "./job/dirty-data-limit.js";
export type { JsonObject, JsonValue } from "./job/json.js";
export type { RunKind } from "./job/run-kind.js";
export type { ReadMode, ScheduleMode } from "./job/schedule-mode.js";
export type { VerifyRule } from "./job/verification.js";
export type {
  ExpirySample,
  GrowthSample,
  OffsetBatch,
  OffsetLimit,
  OffsetWatermark,
  Rebase,
  RunOffsets,
  StartAt,
  StoredStartAt,
} from "./offset/offset-watermark.js";
export type { Pool, PoolInfo, PoolStatus, PoolUse } from "./pool/pool.js";
export type { Backfill, BackfillSelect, BackfillState } from "./run/backfill.js";
export type { LateState, LateTime } from "./run/late-time.js";
export type { Place } from "./run/place.js";
export type {
  AttemptRecord,
  CoveredBy,
  ReadyMark,
  Run,
  RunError,
  RunInput,
  RunReason,
  RunReport,
  RunSnapshot,
  RunState,
  RunWait,
  SnapshotCause,
  UnmetDependency,
} from "./run/run.js";
export type { AfterInterval } from "./schedule/after-interval.js";
export type { Deadline, ExpectedData, Freshness, WhilePaused } from "./schedule/deadline.js";
export type { Instant } from "./schedule/instant.js";
export type { Lookback } from "./schedule/lookback.js";
export type { NotBefore } from "./schedule/not-before.js";
export type { Readiness } from "./schedule/readiness.js";
export type {
  BackoffSpec,
  CatchupPolicy,
  FailurePolicy,
  OverlapPolicy,
  Schedule,
  ScheduleInfo,
  ScheduleSpec,
  ScheduleVersion,
  SealRule,
} from "./schedule/schedule.js";
export type { SourceInfo } from "./schedule/source-info.js";
export {
  SCHEDULE_STATUSES,
  type ScheduleAction,
  type ScheduleStatus,
  type StatusTraits,
  sourceGroup,
  transition,
} from "./schedule/status.js";
export type { Shard, ShardPolicy, ShardState, Split } from "./shard/shard.js";
export type { ChangedRun, ChangeKind, LedgerChange } from "./store/change-log.js";
export type { Page, PageRequest } from "./store/page.js";
export type { RunTally } from "./store/run-ledger.js";
export type { Seal } from "./store/seal-table.js";
export { QUARTZ_PRESET, QUARTZ_PRESETS } from "./trigger/cron/cron-trigger.js";
export type {
  CronFlavour,
  CronQuirks,
  CronTriggerSpec,
  DstPolicy,
  OnceTriggerSpec,
  PeriodTriggerSpec,
  PeriodUnit,
  TriggerSpec,
} from "./trigger/trigger-spec.js";
export { tidegateModule } from "./wiring/core-module.js";
export { createTidegate, Tidegate, type TidegateOptions } from "./wiring/tidegate.js";
export { type ReadinessOptions, type TidegateSettings, TOKENS } from "./wiring/tokens.js";
