import type {
  AuditReport,
  Backfill,
  BackfillPlan,
  BackfillRequest,
  ChangeKind,
  CoverageAnswer,
  CoverageBuckets,
  CoverageReceipt,
  CoverageReport,
  DeadlineRecord,
  Description,
  Explanation,
  Instant,
  Lags,
  LateTime,
  LogOptions,
  OffsetImport,
  Page,
  PoolInfo,
  PoolStatus,
  Preview,
  RebaseRequest,
  RegisteredSchedule,
  Restatement,
  RestatementPlan,
  RestatementRequest,
  RetryOptions,
  Run,
  RunLog,
  Schedule,
  ScheduleInfo,
  ScheduleStatus,
  ScheduleVersion,
  Seal,
  ShardFilter,
  ShardPage,
  SnapshotRequest,
  SourceInfo,
  StaleRun,
} from "@tidegate/core";
import type { DeadlineQuery, LateQuery, RunQuery } from "./queries.js";
import type { StoreDescription, SystemInfo } from "./system.js";

/** The parts of a request; those that an operation does not have are absent. */
export interface Input {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type OfGroup = { readonly path: { readonly groupId: string } };
type OfId = { readonly path: { readonly id: string } };
type OfName = { readonly path: { readonly name: string } };
type Conditional = { readonly headers?: { readonly "if-match"?: string } };
type PageQuery = { readonly limit?: number | undefined; readonly cursor?: string | undefined };
type Continued = { readonly headers?: { readonly "last-event-id"?: string } };
type Upcoming = {
  readonly query?: {
    readonly count?: number;
    readonly from?: number | string | undefined;
    readonly firstRead?: "true";
  };
};

/**
 * The manager's operations by their ids in its OpenAPI document. A test holds these types, and `ROUTES`, against
 * the document.
 */
export interface Operations {
  readonly health: { readonly answer: { readonly status: "ok" } };
  readonly describeSystem: { readonly answer: SystemInfo };
  readonly describeStore: { readonly answer: StoreDescription };
  readonly listSchedules: {
    readonly query: PageQuery & {
      readonly status?: readonly ScheduleStatus[] | undefined;
      readonly engine?: string | undefined;
      readonly prefix?: string | undefined;
      readonly label?: readonly string[] | undefined;
    };
    readonly answer: Page<Schedule>;
  };
  readonly putSchedule: OfGroup & {
    readonly query?: { readonly version?: number; readonly plannedRuns?: "keep" | "adopt" | undefined };
    readonly headers?: { readonly "if-match"?: string; readonly "if-none-match"?: "*" };
    readonly body: ScheduleInfo<object>;
    readonly answer: RegisteredSchedule;
  };
  readonly getSchedule: OfGroup & { readonly answer: Schedule };
  readonly deleteSchedule: OfGroup &
    Conditional & {
      readonly query: { readonly purge?: "true"; readonly force?: "true" };
      readonly answer: undefined;
    };
  readonly describeSchedule: OfGroup & { readonly answer: Description };
  readonly listVersions: OfGroup & { readonly answer: readonly ScheduleVersion[] };
  readonly pauseSchedule: OfGroup &
    Conditional & { readonly body: { readonly note?: string }; readonly answer: Schedule };
  readonly resumeSchedule: OfGroup & Conditional & { readonly answer: Schedule };
  readonly audit: OfGroup & {
    readonly query: { readonly lower?: number | undefined; readonly upper?: number | undefined };
    readonly answer: AuditReport;
  };
  readonly previewSchedule: OfGroup & Upcoming & { readonly answer: Preview };
  readonly previewDefinition: Upcoming & { readonly body: ScheduleInfo<object>; readonly answer: Preview };
  readonly trigger: OfGroup & {
    readonly query: { readonly force?: "true"; readonly drain?: "true" };
    readonly body?: { readonly lower: number; readonly upper: number };
    readonly answer: readonly Run[];
  };
  readonly seal: OfGroup & {
    readonly body: { readonly until: Instant; readonly note: string; readonly force: boolean };
    readonly answer: Seal;
  };
  readonly rebase: OfGroup & { readonly body: RebaseRequest; readonly answer: Schedule };
  readonly importOffsets: OfGroup & { readonly body: OffsetImport; readonly answer: Schedule };
  readonly resnapshot: OfGroup & { readonly body: SnapshotRequest; readonly answer: Run };
  readonly planRestatement: { readonly body: RestatementRequest; readonly answer: RestatementPlan };
  readonly applyRestatement: { readonly body: { readonly planId: string }; readonly answer: Restatement };
  readonly listStale: {
    readonly query: { readonly groupId?: string | undefined };
    readonly answer: readonly StaleRun[];
  };
  readonly listLags: { readonly query: { readonly limit?: number | undefined }; readonly answer: Lags };
  readonly listPools: { readonly answer: readonly PoolStatus[] };
  readonly putPool: OfName & { readonly body: Omit<PoolInfo, "name">; readonly answer: PoolStatus };
  readonly deletePool: OfName & { readonly answer: undefined };
  readonly retryRuns: OfGroup & { readonly body: RetryOptions; readonly answer: readonly string[] };
  readonly backfill: OfGroup & {
    readonly body: Omit<BackfillRequest, "groupId">;
    readonly answer: BackfillPlan;
  };
  readonly getBackfill: OfId & { readonly answer: Backfill };
  readonly cancelBackfill: OfId & { readonly answer: undefined };
  readonly listRuns: {
    readonly query: PageQuery & {
      readonly groupId?: string | undefined;
      readonly state?: RunQuery["states"] | undefined;
      readonly kind?: RunQuery["kinds"] | undefined;
      readonly backfillId?: string | undefined;
      readonly isJobOpen?: "true" | "false" | undefined;
      readonly isBlocking?: "true" | undefined;
      readonly order: "ascending" | "descending";
    };
    readonly answer: Page<Run>;
  };
  readonly getRun: OfId & { readonly answer: Run };
  readonly listShards: OfId & {
    readonly query: PageQuery & { readonly state?: ShardFilter["states"] | undefined };
    readonly answer: ShardPage;
  };
  readonly getLogs: OfId & {
    readonly query: { readonly [Name in keyof LogOptions]: LogOptions[Name] | undefined };
    readonly answer: RunLog;
  };
  readonly explainRun: OfId & { readonly answer: Explanation };
  readonly cancelRun: OfId & { readonly answer: Run };
  readonly markReady: OfId & { readonly body: { readonly note: string }; readonly answer: Run };
  readonly retryRun: OfId & { readonly body: RetryOptions; readonly answer: Run };
  readonly streamEvents: Continued & {
    readonly query: {
      readonly group?: readonly string[] | undefined;
      readonly kind?: readonly ChangeKind[] | undefined;
    };
    readonly answer: undefined;
  };
  readonly listDeadlines: {
    readonly query: PageQuery & {
      readonly groupId?: string | undefined;
      readonly state?: DeadlineQuery["states"] | undefined;
      readonly subject?: DeadlineQuery["subjects"] | undefined;
      readonly lower?: number | undefined;
      readonly upper?: number | undefined;
      readonly order: "ascending" | "descending";
    };
    readonly answer: Page<DeadlineRecord>;
  };
  readonly listLateData: {
    readonly query: PageQuery & {
      readonly groupId?: string | undefined;
      readonly state?: LateQuery["states"] | undefined;
      readonly lower?: number | undefined;
      readonly upper?: number | undefined;
    };
    readonly answer: Page<LateTime>;
  };
  readonly putSource: OfGroup & { readonly body: SourceInfo; readonly answer: Schedule };
  readonly reportCoverage: OfGroup & { readonly body: CoverageReport; readonly answer: CoverageReceipt };
  readonly getCoverageBuckets: OfGroup & {
    readonly query: {
      readonly from?: number | undefined;
      readonly to?: number | undefined;
      readonly limit?: number | undefined;
    };
    readonly answer: CoverageBuckets;
  };
  readonly getCoverage: OfGroup & {
    readonly query: { readonly from: number; readonly to: number; readonly wait?: string | undefined };
    readonly answer: CoverageAnswer;
  };
}

/** Method and path of each operation. */
export const ROUTES: Readonly<Record<keyof Operations, string>> = {
  health: "GET /health",
  describeSystem: "GET /system",
  describeStore: "GET /system/store",
  listSchedules: "GET /schedules",
  putSchedule: "PUT /schedules/{groupId}",
  getSchedule: "GET /schedules/{groupId}",
  deleteSchedule: "DELETE /schedules/{groupId}",
  describeSchedule: "GET /schedules/{groupId}/description",
  listVersions: "GET /schedules/{groupId}/versions",
  pauseSchedule: "POST /schedules/{groupId}/pause",
  resumeSchedule: "POST /schedules/{groupId}/resume",
  audit: "GET /schedules/{groupId}/audit",
  previewSchedule: "GET /schedules/{groupId}/preview",
  previewDefinition: "POST /preview",
  trigger: "POST /schedules/{groupId}/trigger",
  seal: "POST /groups/{groupId}/seal",
  rebase: "POST /schedules/{groupId}/rebase",
  importOffsets: "POST /schedules/{groupId}/offsets",
  resnapshot: "POST /schedules/{groupId}/snapshots",
  planRestatement: "POST /restatements/plans",
  applyRestatement: "POST /restatements",
  listStale: "GET /stale",
  listLags: "GET /lags",
  listPools: "GET /pools",
  putPool: "PUT /pools/{name}",
  deletePool: "DELETE /pools/{name}",
  retryRuns: "POST /schedules/{groupId}/retry",
  backfill: "POST /schedules/{groupId}/backfills",
  getBackfill: "GET /backfills/{id}",
  cancelBackfill: "POST /backfills/{id}/cancel",
  listRuns: "GET /runs",
  getRun: "GET /runs/{id}",
  listShards: "GET /runs/{id}/shards",
  getLogs: "GET /runs/{id}/logs",
  explainRun: "GET /runs/{id}/explanation",
  cancelRun: "POST /runs/{id}/cancel",
  markReady: "POST /runs/{id}/mark-ready",
  retryRun: "POST /runs/{id}/retry",
  streamEvents: "GET /events",
  listDeadlines: "GET /deadlines",
  listLateData: "GET /late-data",
  putSource: "PUT /sources/{groupId}",
  reportCoverage: "POST /groups/{groupId}/coverage",
  getCoverageBuckets: "GET /groups/{groupId}/coverage/buckets",
  getCoverage: "GET /groups/{groupId}/coverage",
};
