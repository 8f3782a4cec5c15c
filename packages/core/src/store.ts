/**
 * The contract of a store, and the rules that every store follows.
 *
 * @module
 */

export { upstreamsOf } from "./dependency/dependency.js";
export { isStoreWide } from "./errors/store-wide.js";
export type { PoolPosition } from "./pool/pool.js";
export {
  type ActiveRuns,
  PoolChoice,
  type PoolDraw,
  type PooledHead,
  type PooledRun,
  type PoolLine,
  PoolRooms,
  type PoolState,
  type PoolsView,
  pooledFirst,
  type TakePooled,
  takeTogether,
  URGENT,
} from "./pool/pool-choice.js";
export { NEW_RECORD, type PoolRecord } from "./pool/pool-ledger.js";
export {
  DEFAULT_PRIORITY,
  isBacklog,
  needsOf,
  needsPool,
  type Pooling,
  type PoolingFields,
  poolingOf,
} from "./pool/pooling.js";
export {
  type Admission,
  CLAIM_QUEUES,
  CLAIM_ROUND,
  type ClaimQueue,
  compareQueues,
  isLagging,
  LIVE_PLACES,
  LIVE_TOLERANCE_MS,
  LIVE_TURN,
  queueOf,
  REST_TURN,
  takeFairly,
} from "./run/claim-order.js";
export { FOLLOWING_STATES, goesBefore, isBehind, rivalsInLane } from "./run/copies.js";
export { covers, isUncovered, maySupersede } from "./run/covering.js";
export { GATINGS, type Gating } from "./run/gating.js";
export {
  type GenerationRange,
  generationDigestOf,
  generationText,
  mergeGenerations,
} from "./run/generation-digest.js";
export { isEnded } from "./run/lane.js";
export { isAdmitted, isHeldBeside } from "./run/place.js";
export type { NewReportedRun, NewRun } from "./run/run.js";
export { type RunIdentity, runId } from "./run/run-id.js";
export { isStanding, mayBeRevived, mayRunBeside, STANDING_STATES } from "./run/standing.js";
export { isWatched } from "./schedule/deadline.js";
export { type GateFields, gatesOf, gatingOf } from "./schedule/gates-of.js";
export { laneWidth } from "./schedule/normalize.js";
export { type KnownOfSpec, readSpec, type StoredSpec, writeSpec } from "./schedule/stored-spec.js";
export type { ShardProgress } from "./shard/shard.js";
export { UNTOUCHED } from "./shard/shard.js";
export type { BackfillCommit, BackfillTable } from "./store/backfill-table.js";
export { Batcher, type BatcherOptions } from "./store/batcher.js";
export {
  ALIVE_EVERY_MS,
  CHANGE_KINDS,
  type ChangeEntry,
  type ChangeLog,
  type ChangesPage,
  type ChangesQuery,
  KEPT_MS,
  OPEN_MS,
  SILENT_MS,
  type ToldChanges,
} from "./store/change-log.js";
export {
  type AlertNote,
  type DeadlineFilter,
  type DeadlineJudgement,
  type DeadlineQuery,
  type DeadlineTable,
  type DeadlineWatch,
  type KeptDeadline,
  type WatchedChange,
  watchAfter,
} from "./store/deadline-table.js";
export {
  failureAtGates,
  type GatedQuery,
  type GatedRun,
  type GateFailure,
  type GateQueue,
  type GateSettlement,
} from "./store/gate-queue.js";
export {
  type LateFilter,
  type LateReport,
  type LateSettlement,
  type LateTable,
  type LookbackMove,
  type LookbackQuery,
  type LookbackWatch,
  lookbackAfter,
} from "./store/late-table.js";
export type { AttemptLog, LogTable } from "./store/log-table.js";
export { ChangeRing } from "./store/memory/change-ring.js";
export { type CoveringRun, type LedgerReach, missingTime, suspectTime } from "./store/missing-time.js";
export { FAILURES, failureOf, gatedSince, type Placement, placementAfter } from "./store/placement.js";
export type { PoolDeletion, PoolTable } from "./store/pool-table.js";
export {
  type CoverageRange,
  type GroupWindow,
  type InsertOptions,
  type MissingTimeQuery,
  NO_RUNS,
  type OpenRuns,
  type PlanCommit,
  type ReportCommit,
  type RunFilter,
  type RunLedger,
} from "./store/run-ledger.js";
export type {
  CancelMark,
  ClaimedRun,
  ClaimRequest,
  ClaimScope,
  HeldLease,
  LeaseState,
  NextWake,
  RunChange,
  RunQueue,
} from "./store/run-queue.js";
export type { EndEffect, GroupState, PlanAnswer, RunEnd, RunShortcuts } from "./store/run-shortcuts.js";
export type { ScheduleStore } from "./store/schedule-store.js";
export type {
  DueFire,
  DueQuery,
  NewSchedule,
  ScheduleChange,
  ScheduleFilter,
  ScheduleTable,
} from "./store/schedule-table.js";
export type { SealChange, SealRead, SealTable } from "./store/seal-table.js";
export type { NewSplit, ShardChange, ShardTable, ShardWriter } from "./store/shard-table.js";
export { sharedTime } from "./store/shared-time.js";
export type { SharingManager, StoreInfo, StoreInspection, TableSize } from "./store/store-info.js";
