import type { Clock } from "../clock/clock.js";
import type { DeadlineRecord } from "../deadlines/deadline-record.js";
import { hasCode, LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { OffsetProviders } from "../offset/offset-providers.js";
import type { SourceLooks } from "../planning/source-looks.js";
import type { PoolInfo, PoolStatus } from "../pool/pool.js";
import type { Backfill } from "../run/backfill.js";
import type { LateTime } from "../run/late-time.js";
import type { Run } from "../run/run.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule, ScheduleInfo } from "../schedule/schedule.js";
import type { SourceInfo } from "../schedule/source-info.js";
import { statusesThat } from "../schedule/status.js";
import type { DeadlineFilter } from "../store/deadline-table.js";
import type { LateFilter } from "../store/late-table.js";
import type { Page, PageRequest } from "../store/page.js";
import type { RunFilter } from "../store/run-ledger.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { ScheduleFilter } from "../store/schedule-table.js";
import type { Seal } from "../store/seal-table.js";
import type { AuditReport } from "./audit.js";
import { auditGroup } from "./audit-query.js";
import {
  type BackfillControl,
  type BackfillPlan,
  type BackfillRequest,
  refuseEnded,
  refuseOwnIds,
} from "./backfill-control.js";
import type { CoverageBuckets } from "./coverage-buckets.js";
import { type BucketOptions, bucketsOf, requireLimit, requireRange, requireWait } from "./coverage-query.js";
import { MAX_BUCKETS } from "./coverage-reader.js";
import type { CoverageAnswer, CoverageOptions, CoverageWaits } from "./coverage-waits.js";
import { type Description, describeSchedule, listDeadlines } from "./description.js";
import { type Explanation, explainRun } from "./explain.js";
import { type LagOptions, type Lags, lagsOf } from "./lags.js";
import type { Lifecycle, UnregisterOptions, UpdateOptions } from "./lifecycle.js";
import type { OffsetImport } from "./offset-import.js";
import type { LedgerOperations } from "./operations/ledger-operations.js";
import type { PoolOperations } from "./operations/pool-operations.js";
import type { RerunOperations } from "./operations/rerun-operations.js";
import type { RunOperations } from "./operations/run-operations.js";
import type { ScheduleOperations } from "./operations/schedule-operations.js";
import type { SourceOperations } from "./operations/source-operations.js";
import type { PoolControl } from "./pool-control.js";
import type { Preview, PreviewOptions } from "./preview.js";
import { previewOf } from "./preview-request.js";
import type { RegisteredSchedule, Registration, RegistrationResult } from "./registration.js";
import type {
  Restatement,
  RestatementControl,
  RestatementPlan,
  RestatementRequest,
} from "./restatement-control.js";
import type { RetryOptions, RunControl, TriggerOptions } from "./run-control.js";
import type { LogOptions, RunLog, RunLogs } from "./run-logs.js";
import { type ShardFilter, type ShardPage, shardPage } from "./run-shards.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { ForceOptions, Seals } from "./seals.js";
import type { SnapshotControl, SnapshotRequest } from "./snapshot-control.js";
import type { CoverageReceipt, CoverageReport, SourceControl } from "./source-control.js";
import type { RebaseRequest, SourceRebase } from "./source-rebase.js";
import type { SpecReader } from "./spec-reader.js";
import { type StaleRun, staleRuns } from "./stale-runs.js";

/** Dependencies of `ScheduleClient`. */
export interface ScheduleClientParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  /** Types of this manager's operators, in lower case. */
  readonly operators: readonly string[];
  /** Types of this manager's gates. */
  readonly gates: readonly string[];
  readonly specs: SpecReader;
  readonly providers: OffsetProviders;
  readonly looks: SourceLooks;
  readonly rebases: SourceRebase;
  readonly snapshots: SnapshotControl;
  readonly changes: ScheduleChanges;
  readonly registration: Registration;
  readonly lifecycle: Lifecycle;
  readonly runControl: RunControl;
  readonly logs: RunLogs;
  readonly backfills: BackfillControl;
  readonly restatements: RestatementControl;
  readonly pools: PoolControl;
  readonly seals: Seals;
  readonly sources: SourceControl;
  readonly waits: CoverageWaits;
}

/**
 * Public API for schedules: manages them and reports on their runs. Input is validated first, so a rejected
 * request leaves no trace in the store. Its methods are described where they are declared, by what they are about.
 */
export class ScheduleClient
  implements
    ScheduleOperations,
    SourceOperations,
    RunOperations,
    RerunOperations,
    LedgerOperations,
    PoolOperations
{
  readonly #parts: ScheduleClientParts;

  /** @internal */
  constructor(parts: ScheduleClientParts) {
    this.#parts = parts;
  }

  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    return this.#parts.registration.register(info);
  }

  registerMany(infos: readonly ScheduleInfo<object>[]): Promise<RegistrationResult[]> {
    return this.#parts.registration.registerMany(infos);
  }

  async ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    for (;;) {
      try {
        return await this.#parts.registration.register(info);
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_EXISTS")) throw error;
      }
      try {
        const { version } = await this.#parts.changes.get(info.groupId);
        return await this.#parts.lifecycle.update(info, { version });
      } catch (error) {
        if (!hasCode(error, "SCHEDULE_VERSION_STALE")) throw error;
      }
    }
  }

  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule> {
    return this.#parts.lifecycle.update(info, seen);
  }

  unregister(groupId: string, options: UnregisterOptions = {}): Promise<void> {
    return this.#parts.lifecycle.unregister(groupId, options);
  }

  pause(groupId: string, note = "", seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.pause(groupId, note, seen.version);
  }

  resume(groupId: string, seen: { readonly version?: number } = {}): Promise<Schedule> {
    return this.#parts.lifecycle.resume(groupId, seen.version);
  }

  get(groupId: string): Promise<Schedule> {
    return this.#parts.changes.get(groupId);
  }

  async describe(groupId: string): Promise<Description> {
    return describeSchedule(this.#parts, await this.#parts.changes.get(groupId));
  }

  list(filter: ScheduleFilter = {}, page: PageRequest = {}): Promise<Page<Schedule>> {
    const statuses = filter.statuses ?? statusesThat("isListed");
    return this.#parts.store.listSchedules({ ...filter, statuses }, page);
  }

  preview(
    subject: string | ScheduleInfo<object>,
    count = 10,
    options: PreviewOptions = {},
  ): Promise<Preview> {
    return previewOf(this.#parts, subject, count, options);
  }

  rebase(groupId: string, request: RebaseRequest): Promise<Schedule> {
    return this.#parts.rebases.rebase(groupId, request);
  }

  importOffsets(groupId: string, request: OffsetImport): Promise<Schedule> {
    return this.#parts.rebases.importOffsets(groupId, request);
  }

  resnapshot(groupId: string, request: SnapshotRequest = {}): Promise<Run> {
    return this.#parts.snapshots.resnapshot(groupId, request);
  }

  registerSource(info: SourceInfo): Promise<Schedule> {
    return this.#parts.sources.register(info);
  }

  reportCoverage(groupId: string, report: CoverageReport): Promise<CoverageReceipt> {
    return this.#parts.sources.report(groupId, report);
  }

  async trigger(groupId: string, interval?: Interval, options: TriggerOptions = {}): Promise<Run[]> {
    const schedule = await this.#parts.changes.getReadable(groupId);
    refuseEnded(schedule);
    if (options.drain === true) {
      if (interval === undefined) return this.#parts.runControl.drain(schedule);
      const problem = "cannot be combined with an interval: it reads what the source has now";
      throw new LedgerError("INTERVAL_INVALID", `drain: ${problem}.`, { field: "drain" });
    }
    return interval === undefined
      ? this.#parts.runControl.triggerNow(schedule, options)
      : this.#parts.runControl.triggerInterval(schedule, interval, options);
  }

  runs(filter: RunFilter = {}, page: PageRequest = {}): Promise<Page<Run>> {
    return this.#parts.store.listRuns(filter, page);
  }

  getRun(id: string): Promise<Run> {
    return this.#parts.runControl.get(id);
  }

  async explain(runId: string): Promise<Explanation> {
    const run = await this.#parts.runControl.get(runId);
    const [schedule] = await this.#parts.store.getSchedules([run.groupId]);
    return explainRun(this.#parts, run, schedule);
  }

  async shards(runId: string, filter: ShardFilter = {}, page: PageRequest = {}): Promise<ShardPage> {
    const run = await this.#parts.runControl.get(runId);
    const split = await this.#parts.store.getSplit(runId);
    return shardPage(split, run, { filter, page, now: this.#parts.clock.now() });
  }

  async logs(runId: string, options: LogOptions = {}): Promise<RunLog> {
    return this.#parts.logs.read(await this.#parts.runControl.get(runId), options);
  }

  cancelRun(id: string): Promise<void> {
    return this.#parts.runControl.cancel(id);
  }

  markReady(id: string, note = ""): Promise<void> {
    return this.#parts.runControl.markReady(id, note);
  }

  retryRun(id: string, options: RetryOptions = {}): Promise<void> {
    return this.#parts.runControl.retry(id, options);
  }

  async retryRuns(groupId: string, options: RetryOptions = {}): Promise<string[]> {
    return this.#parts.runControl.retryAll(await this.#parts.changes.get(groupId), options);
  }

  deadlines(filter: DeadlineFilter = {}, page: PageRequest = {}): Promise<Page<DeadlineRecord>> {
    return listDeadlines(this.#parts.store, filter, page);
  }

  async backfill(request: BackfillRequest): Promise<BackfillPlan> {
    refuseOwnIds(request.id);
    const schedule = await this.#parts.changes.getReadable(request.groupId);
    return this.#parts.backfills.plan(schedule, request);
  }

  getBackfill(id: string): Promise<Backfill | undefined> {
    return this.#parts.store.getBackfill(id);
  }

  cancelBackfill(id: string): Promise<void> {
    return this.#parts.backfills.cancel(id);
  }

  restate(request: RestatementRequest): Promise<RestatementPlan> {
    return this.#parts.restatements.plan(request);
  }

  applyRestatement(planId: string): Promise<Restatement> {
    return this.#parts.restatements.apply(planId);
  }

  seal(groupId: string, until: Instant, note = "", options: ForceOptions = {}): Promise<Seal> {
    return this.#parts.seals.seal(groupId, until, note, options);
  }

  async coverage(groupId: string, range: Interval, options: CoverageOptions = {}): Promise<CoverageAnswer> {
    requireWait(options.waitMs ?? 0);
    requireRange(range);
    return this.#parts.waits.ask(await this.#parts.changes.get(groupId), range, options);
  }

  async coverageBuckets(
    groupId: string,
    range?: Interval,
    { limit = MAX_BUCKETS }: BucketOptions = {},
  ): Promise<CoverageBuckets> {
    requireLimit(limit);
    if (range !== undefined) requireRange(range);
    return bucketsOf(this.#parts, await this.#parts.changes.get(groupId), range, limit);
  }

  async audit(groupId: string, within?: Interval): Promise<AuditReport> {
    return auditGroup(this.#parts, await this.#parts.changes.get(groupId), within);
  }

  lags({ limit = 100 }: LagOptions = {}): Promise<Lags> {
    return lagsOf(this.#parts.store, limit);
  }

  stale(groupId?: string): Promise<StaleRun[]> {
    return staleRuns(this.#parts.store, groupId);
  }

  lateData(filter: LateFilter = {}, page: PageRequest = {}): Promise<Page<LateTime>> {
    return this.#parts.store.listLate(filter, page);
  }

  setPool(pool: PoolInfo): Promise<PoolStatus> {
    return this.#parts.pools.set(pool);
  }

  listPools(): Promise<PoolStatus[]> {
    return this.#parts.pools.list();
  }

  deletePool(name: string): Promise<void> {
    return this.#parts.pools.delete(name);
  }
}
