import type { Clock, EpochMs } from "../clock/clock.js";
import { SystemClock } from "../clock/system-clock.js";
import { StoreError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import type { IntervalSet } from "../interval/interval-set.js";
import type { Pool, PoolPosition, PoolStatus } from "../pool/pool.js";
import { takeTogether } from "../pool/pool-choice.js";
import type { Backfill, BackfillState } from "../run/backfill.js";
import { compareQueues, takeFairly } from "../run/claim-order.js";
import { maySupersede } from "../run/covering.js";
import { isEnded } from "../run/lane.js";
import type { LateTime } from "../run/late-time.js";
import type { NewRun, ReadyMark, Run, RunReason } from "../run/run.js";
import type { Schedule, ScheduleVersion } from "../schedule/schedule.js";
import { SCHEDULE_STATUSES } from "../schedule/status.js";
import type { Split } from "../shard/shard.js";
import type { BackfillCommit } from "./backfill-table.js";
import type { ChangesPage, ChangesQuery, ToldChanges } from "./change-log.js";
import {
  type AlertNote,
  type DeadlineFilter,
  type DeadlineJudgement,
  type DeadlineQuery,
  type DeadlineWatch,
  type KeptDeadline,
  watchAfter,
} from "./deadline-table.js";
import type { GatedQuery, GatedRun, GateSettlement } from "./gate-queue.js";
import {
  type LateFilter,
  type LateReport,
  type LateSettlement,
  type LookbackMove,
  type LookbackQuery,
  type LookbackWatch,
  lookbackAfter,
} from "./late-table.js";
import type { AttemptLog } from "./log-table.js";
import { applyStep, BackfillTable } from "./memory/backfill-table.js";
import { ChangeRing } from "./memory/change-ring.js";
import { coverageOf } from "./memory/coverage.js";
import { DeadlineTable } from "./memory/deadline-table.js";
import { frozenCopy } from "./memory/frozen-copy.js";
import { admit, resizeLane } from "./memory/lane.js";
import { LateTable } from "./memory/late-table.js";
import { LogTable } from "./memory/log-table.js";
import { positionAfter, takePage } from "./memory/paging.js";
import type { Group, RunRow } from "./memory/rows.js";
import { compareText, isRunPosition } from "./memory/run-position.js";
import { snapshot } from "./memory/run-row.js";
import { RunTable } from "./memory/run-table.js";
import {
  adoptPlanned,
  cancelMarks,
  cancelPlanned,
  changeRun,
  claimRun,
  endReadings,
  hasOpen,
  insertBeside,
  markReady,
  mayInsertBeside,
  mayWriteShards,
  releaseLeases,
  renewLease,
  requestCancel,
  reviveCancelled,
  settleGates,
  standAsRead,
  supersede,
} from "./memory/run-writes.js";
import { allows, applyScheduleChange } from "./memory/schedule-changes.js";
import { ScheduleTable } from "./memory/schedule-table.js";
import { isBeingWritten, SealTable } from "./memory/seal-table.js";
import { ShardTable } from "./memory/shard-table.js";
import { Staleness } from "./memory/staleness.js";
import { tallyOf } from "./memory/tally.js";
import { missingTime } from "./missing-time.js";
import type { Page, PageRequest } from "./page.js";
import type { PoolDeletion } from "./pool-table.js";
import type {
  CoverageRange,
  GroupWindow,
  InsertOptions,
  MissingTimeQuery,
  PlanCommit,
  ReportCommit,
  RunFilter,
  RunTally,
} from "./run-ledger.js";
import type {
  CancelMark,
  ClaimedRun,
  ClaimRequest,
  ClaimScope,
  HeldLease,
  LeaseState,
  NextWake,
  RunChange,
} from "./run-queue.js";
import type { ScheduleStore } from "./schedule-store.js";
import type { DueFire, DueQuery, NewSchedule, ScheduleChange, ScheduleFilter } from "./schedule-table.js";
import type { Seal, SealChange, SealRead } from "./seal-table.js";
import type { NewSplit, ShardChange, ShardWriter } from "./shard-table.js";
import type { StoreInfo } from "./store-info.js";

/** Options of a `MemoryStore`. */
export interface MemoryStoreOptions {
  /** The source of `now`. @default the machine's clock */
  readonly clock?: Clock;
}

/** Everything that a store holds of one namespace. */
interface Contents {
  readonly schedules: ScheduleTable;
  readonly runs: RunTable;
  readonly backfills: BackfillTable;
  readonly deadlines: DeadlineTable;
  readonly seals: SealTable;
  readonly shards: ShardTable;
  readonly late: LateTable;
  readonly logs: LogTable;
  readonly changes: ChangeRing;
}

function nothing(): Contents {
  return {
    schedules: new ScheduleTable(),
    runs: new RunTable(),
    backfills: new BackfillTable(),
    deadlines: new DeadlineTable(),
    seals: new SealTable(),
    shards: new ShardTable(),
    late: new LateTable(),
    logs: new LogTable(),
    changes: new ChangeRing(),
  };
}

/**
 * A store in memory: for tests, simulations and trials. It keeps every rule of the contract except
 * durability; its contents survive `close` and are still there at the next `open`.
 */
export class MemoryStore implements ScheduleStore {
  readonly isShared: boolean = false;
  readonly #namespaces = new Map<string, Contents>();
  #schedules = new ScheduleTable();
  #runs = new RunTable();
  #backfills = new BackfillTable();
  #deadlines = new DeadlineTable();
  #seals = new SealTable();
  #shards = new ShardTable();
  #late = new LateTable();
  #logs = new LogTable();
  #staleness = new Staleness(this.#schedules, this.#runs, this.#late);
  #changes = new ChangeRing();
  #isOpen = false;
  #lastToken = 0;
  /** How many ready runs have been claimed. */
  #turn = 0;
  readonly #clock: Clock;

  constructor(options: MemoryStoreOptions = {}) {
    this.#clock = options.clock ?? new SystemClock();
  }

  async open(namespace = "default"): Promise<void> {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const contents = this.#namespaces.get(namespace) ?? nothing();
    this.#namespaces.set(namespace, contents);
    this.#schedules = contents.schedules;
    this.#runs = contents.runs;
    this.#backfills = contents.backfills;
    this.#deadlines = contents.deadlines;
    this.#seals = contents.seals;
    this.#shards = contents.shards;
    this.#late = contents.late;
    this.#logs = contents.logs;
    this.#staleness = new Staleness(contents.schedules, contents.runs, contents.late);
    this.#changes = contents.changes;
    releaseLeases(this.#runs);
    if (!this.isShared) this.#schedules.resumeWaiting();
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  async now(): Promise<EpochMs> {
    this.#requireOpen();
    return this.#clock.now();
  }

  async insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]> {
    this.#requireOpen();
    return schedules.map((added) => {
      if (!this.#schedules.insert(added)) return false;
      this.#watch(added.spec.groupId, true, added.createdAt);
      return true;
    });
  }

  async changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]> {
    this.#requireOpen();
    return changes.map((change) => this.#changeSchedule(change));
  }

  async getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => {
      const group = this.#schedules.get(groupId);
      return group && { ...group.schedule };
    });
  }

  async getEpochs(groupIds: readonly string[]): Promise<number[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => this.#schedules.get(groupId)?.schedule.offsets?.epoch ?? 0);
  }

  async listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>> {
    this.#requireOpen();
    return this.#schedules.list(filter, page);
  }

  async listVersions(groupId: string): Promise<ScheduleVersion[]> {
    this.#requireOpen();
    return [...(this.#schedules.get(groupId)?.versions ?? [])];
  }

  async dependentsOf(groupIds: readonly string[]): Promise<string[][]> {
    this.#requireOpen();
    return groupIds.map((groupId) => this.#schedules.dependentsOf(groupId));
  }

  async purgeSchedule(
    groupId: string,
    expected?: Pick<Schedule, "incarnation" | "status">,
  ): Promise<boolean> {
    this.#requireOpen();
    const group = this.#schedules.get(groupId);
    if (group === undefined) return false;
    const { incarnation, status } = group.schedule;
    if (expected !== undefined && (incarnation !== expected.incarnation || status !== expected.status))
      return false;
    if (expected !== undefined && hasOpen(group, "any")) return false;
    for (const id of this.#runs.removeAll(group)) {
      this.#shards.drop(id);
      this.#logs.drop(id);
    }
    this.#backfills.removeAll(groupId);
    this.#deadlines.removeAll(groupId);
    this.#seals.remove(groupId);
    this.#late.removeAll(groupId);
    this.#schedules.remove(group);
    this.#runs.purged.add(groupId);
    return true;
  }

  async due(query: DueQuery): Promise<DueFire[]> {
    this.#requireOpen();
    return this.#schedules.due(query);
  }

  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    this.#requireOpen();
    return commits.map((commit) => this.#plan(commit));
  }

  async insertRuns(
    runs: readonly NewRun[],
    { isExclusive = false, incarnation, ...read }: InsertOptions = {},
  ): Promise<boolean[]> {
    this.#requireOpen();
    return runs.map((run) => {
      const group = this.#schedules.get(run.groupId);
      if (group === undefined || !isOfLedger(group, incarnation) || !this.#runs.areNew([run], group))
        return false;
      if (!this.#seals.isAsRead(run.groupId, read)) return false;
      if (isExclusive && !mayInsertBeside(this.#runs, [run], group)) return false;
      insertBeside(this.#runs, run, group);
      return true;
    });
  }

  async report(commit: ReportCommit): Promise<boolean> {
    this.#requireOpen();
    const { groupId, incarnation, runs } = commit;
    const group = this.#schedules.get(groupId);
    if (group?.schedule.status !== "SOURCE" || group.schedule.incarnation !== incarnation) return false;
    if (!this.#seals.isAsRead(groupId, commit)) return false;
    if (!this.#runs.areNew(runs, group) || !standAsRead(group, commit)) return false;
    for (const id of commit.supersedes) supersede(this.#runs, this.#runs.get(id)!);
    for (const run of runs) this.#runs.insert(run, group);
    this.#schedules.update(group, (schedule) => {
      schedule.origin = Math.min(schedule.origin, ...runs.map(({ lower }) => lower));
      schedule.watermark = Math.max(schedule.watermark, ...runs.map(({ upper }) => upper));
    });
    this.#runs.wake(groupId);
    for (const run of runs) this.#staleness.mark(run, run.plannedAt);
    return true;
  }

  async noteStale(ids: readonly string[]): Promise<boolean[]> {
    this.#requireOpen();
    return ids.map((id) => {
      const row = this.#runs.get(id);
      if (row === undefined || row.run.staleAt === null || row.run.isSuperseded || row.isNoted) return false;
      row.isNoted = true;
      return true;
    });
  }

  async claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    this.#requireOpen();
    const { operators, now, leaseUntil, limit } = request;
    const lapsed = this.#runs.takeLapsed(request, limit);
    const left = { turn: this.#turn, limit: limit - lapsed.length };
    const inOrder = (most: number): RunRow[] =>
      takeFairly({ turn: this.#turn, limit: most, operators }, (queue, operator, room) =>
        this.#runs.takeReady(queue, operator, now, room),
      ).sort(compareClaims);
    const { pools } = this.#runs;
    const choice = pools.isEmpty ? undefined : pools.choice(request, left.limit);
    const ready =
      choice === undefined
        ? inOrder(left.limit)
        : takeTogether(left, (most, lowest) => this.#runs.takePooled(choice, most, lowest), inOrder);
    pools.draw(choice?.draws ?? []);
    this.#turn += ready.length;
    return [...lapsed, ...ready].map((row) => {
      this.#lastToken += 1;
      return claimRun(this.#runs, row, { token: this.#lastToken, now, leaseUntil });
    });
  }

  async changeRuns(changes: readonly RunChange[]): Promise<boolean[]> {
    this.#requireOpen();
    return changes.map((change) => {
      const groupId = change.seal === undefined ? undefined : this.#runs.get(change.id)?.run.groupId;
      if (groupId !== undefined && !this.#seals.isAsRead(groupId, change)) return false;
      const isDone = changeRun(this.#runs, change);
      if (isDone && change.dropsSplit === true) this.#shards.drop(change.id);
      const row = isDone && change.state === "SUCCEEDED" ? this.#runs.get(change.id) : undefined;
      if (row !== undefined) this.#staleness.mark(row.run, change.at);
      return isDone;
    });
  }

  async renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]> {
    this.#requireOpen();
    return leases.map((lease) => renewLease(this.#runs, lease, leaseUntil));
  }

  async requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]> {
    this.#requireOpen();
    return ids.map((id) => requestCancel(this.#runs, id, reason));
  }

  async cancelMarks(ids: readonly string[]): Promise<CancelMark[]> {
    this.#requireOpen();
    return cancelMarks(this.#runs, ids);
  }

  async lastClaims(ids: readonly string[]): Promise<number[]> {
    this.#requireOpen();
    return ids.map((id) => this.#runs.get(id)?.token ?? 0);
  }

  async nextWake(scope: ClaimScope): Promise<NextWake> {
    this.#requireOpen();
    return this.#runs.nextWake(scope);
  }

  async listGated(query: GatedQuery): Promise<GatedRun[]> {
    this.#requireOpen();
    return this.#runs
      .dueGated(query)
      .map((row) => ({ run: snapshot(row), lookAt: row.lookAt, look: row.look }));
  }

  async settleGates(settlements: readonly GateSettlement[]): Promise<boolean[]> {
    this.#requireOpen();
    return settlements.map((settlement) => settleGates(this.#runs, this.#staleness, settlement));
  }

  async markReady(id: string, mark: ReadyMark): Promise<boolean> {
    this.#requireOpen();
    return markReady(this.#runs, id, mark);
  }

  async setPool(pool: Pool): Promise<void> {
    this.#requireOpen();
    this.#runs.pools.set(pool);
  }

  async listPools(): Promise<PoolStatus[]> {
    this.#requireOpen();
    return this.#runs.pools.list();
  }

  async deletePool(name: string): Promise<PoolDeletion> {
    this.#requireOpen();
    const { pools } = this.#runs;
    if (!pools.has(name)) return "unknown";
    if (this.#schedules.needsPool(name) || this.#runs.needsPool(name)) return "used";
    pools.delete(name);
    return "deleted";
  }

  async poolPositions(runId: string): Promise<PoolPosition[]> {
    this.#requireOpen();
    const row = this.#runs.get(runId);
    return row === undefined ? [] : this.#runs.pools.positionsOf(row);
  }

  async getRuns(ids: readonly string[]): Promise<(Run | undefined)[]> {
    this.#requireOpen();
    return ids.map((id) => {
      const row = this.#runs.get(id);
      return row && snapshot(row);
    });
  }

  async listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>> {
    this.#requireOpen();
    const group = filter.groupId === undefined ? undefined : this.#schedules.get(filter.groupId);
    if (filter.groupId !== undefined && group === undefined) return { items: [] };
    const rows = this.#runs.select(filter, group, positionAfter(page, isRunPosition));
    return takePage(rows, page, {
      view: snapshot,
      positionOf: ({ run: { lower, generation, upper, id } }) => ({ lower, generation, upper, id }),
    });
  }

  async coverage(groupId: string, within?: Interval): Promise<CoverageRange[]> {
    this.#requireOpen();
    const group = this.#schedules.get(groupId);
    return group === undefined ? [] : coverageOf(group.runs, within);
  }

  async missingTime(queries: readonly MissingTimeQuery[]): Promise<IntervalSet[]> {
    this.#requireOpen();
    return queries.map((query) => {
      const group = this.#schedules.get(query.groupId);
      if (group === undefined) return [query.within];
      const rows = Array.from(group.runs.rows({ within: query.within }), ({ run }) => run);
      const standing = rows.filter(({ isSuperseded }) => !isSuperseded);
      const { origin, status } = group.schedule;
      const hasFailed = standing.some(({ state }) => isEnded(state) && state !== "SUCCEEDED");
      const isAsked = hasFailed || query.within.lower < origin;
      const copiedUpTo = isAsked ? this.#runs.copiedUpTo(group) : undefined;
      return missingTime(query, [query.within], standing, { origin, status, copiedUpTo });
    });
  }

  async generationDigests(windows: readonly GroupWindow[]): Promise<string[]> {
    this.#requireOpen();
    return windows.map((window) => this.#staleness.digestOf(window));
  }

  async tally(groupId: string, lateToleranceMs: number): Promise<RunTally> {
    this.#requireOpen();
    return tallyOf(this.#schedules.get(groupId), lateToleranceMs);
  }

  async insertBackfill(backfill: Backfill, read: SealRead = {}): Promise<boolean> {
    this.#requireOpen();
    if (this.#schedules.get(backfill.groupId) === undefined) {
      throw new StoreError("STORE_FAILED", `Group ${backfill.groupId} has no schedule.`);
    }
    return this.#seals.isAsRead(backfill.groupId, read) && this.#backfills.insert(backfill);
  }

  async planBackfill(commit: BackfillCommit): Promise<boolean> {
    this.#requireOpen();
    const backfill = this.#backfills.get(commit.id);
    const group = backfill && this.#schedules.get(backfill.groupId);
    if (group === undefined || backfill?.state !== "RUNNING" || backfill.cursor !== commit.cursor)
      return false;
    if (!isOfLedger(group, commit.incarnation)) return false;
    if (!mayInsertBeside(this.#runs, commit.runs, group)) return false;
    applyStep(backfill, commit);
    for (const run of commit.runs) insertBeside(this.#runs, run, group, backfill);
    return true;
  }

  async getBackfill(id: string): Promise<Backfill | undefined> {
    this.#requireOpen();
    const backfill = this.#backfills.get(id);
    return backfill && { ...backfill };
  }

  async listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]> {
    this.#requireOpen();
    return this.#backfills.list(filter);
  }

  async listWatches(query: DeadlineQuery): Promise<DeadlineWatch[]> {
    this.#requireOpen();
    return this.#deadlines.listWatches(query);
  }

  async getWatches(groupIds: readonly string[]): Promise<(DeadlineWatch | undefined)[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => this.#deadlines.get(groupId));
  }

  async judgeDeadlines(judgements: readonly DeadlineJudgement[]): Promise<boolean[]> {
    this.#requireOpen();
    return judgements.map((judgement) => this.#deadlines.judge(judgement));
  }

  async listDeadlines(filter: DeadlineFilter, page: PageRequest): Promise<Page<KeptDeadline>> {
    this.#requireOpen();
    return this.#deadlines.list(filter, page);
  }

  async listAlerts(query: DeadlineQuery): Promise<KeptDeadline[]> {
    this.#requireOpen();
    return this.#deadlines.listAlerts(query);
  }

  async noteAlerts(notes: readonly AlertNote[]): Promise<boolean[]> {
    this.#requireOpen();
    return notes.map((note) => this.#deadlines.note(note));
  }

  async putSeal({ incarnation, expected, ...seal }: SealChange): Promise<boolean> {
    this.#requireOpen();
    const { groupId, through } = seal;
    const group = this.#schedules.get(groupId);
    if (group === undefined || !isOfLedger(group, incarnation)) return false;
    if (!this.#seals.isAsRead(groupId, { seal: expected })) return false;
    const running = this.#backfills.list({ groupId, states: ["RUNNING"] });
    if (through > (expected ?? Number.NEGATIVE_INFINITY) && isBeingWritten(group, running, through))
      return false;
    this.#seals.put(seal);
    return true;
  }

  async getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => this.#seals.get(groupId));
  }

  async insertSplit(split: NewSplit): Promise<boolean> {
    this.#requireOpen();
    return mayWriteShards(this.#runs, split) && this.#shards.insert(split);
  }

  async getSplit(runId: string): Promise<Split | undefined> {
    this.#requireOpen();
    return this.#shards.get(runId);
  }

  async changeShards(changes: readonly ShardChange[]): Promise<boolean[]> {
    this.#requireOpen();
    return changes.map((change) => mayWriteShards(this.#runs, change) && this.#shards.change(change));
  }

  async beginMerge(writer: ShardWriter, at: EpochMs): Promise<boolean> {
    this.#requireOpen();
    return mayWriteShards(this.#runs, writer) && this.#shards.beginMerge(writer.runId, at);
  }

  async dropSplit(writer: ShardWriter): Promise<boolean> {
    this.#requireOpen();
    return mayWriteShards(this.#runs, writer) && this.#shards.drop(writer.runId);
  }

  async keepLogs(logs: readonly AttemptLog[]): Promise<boolean[]> {
    this.#requireOpen();
    return logs.map((log) => this.#runs.get(log.runId) !== undefined && this.#logs.keep(log));
  }

  async getLog(runId: string, attempt: number): Promise<AttemptLog | undefined> {
    this.#requireOpen();
    return this.#logs.get(runId, attempt);
  }

  async listLookbacks(query: LookbackQuery): Promise<LookbackWatch[]> {
    this.#requireOpen();
    return this.#late.listLookbacks(query);
  }

  async getLookbacks(groupIds: readonly string[]): Promise<(LookbackWatch | undefined)[]> {
    this.#requireOpen();
    return groupIds.map((groupId) => this.#late.watchOf(groupId));
  }

  async moveLookbacks(moves: readonly LookbackMove[]): Promise<boolean[]> {
    this.#requireOpen();
    return moves.map(
      (move) =>
        this.#schedules.get(move.groupId)?.schedule.incarnation === move.incarnation && this.#late.move(move),
    );
  }

  async reportLate(reports: readonly LateReport[]): Promise<boolean[]> {
    this.#requireOpen();
    return reports.map((report) => {
      const { incarnation, ...reported } = report;
      const { groupId, lower, upper, reportedBy, at } = reported;
      if (this.#schedules.get(groupId)?.schedule.incarnation !== incarnation) return false;
      if (this.#late.report(reported) && reportedBy === groupId)
        this.#staleness.mark({ groupId, lower, upper, generation: 1 }, at);
      return true;
    });
  }

  async settleLate(settlements: readonly LateSettlement[]): Promise<boolean[]> {
    this.#requireOpen();
    return settlements.map(
      (settlement) =>
        this.#schedules.get(settlement.late.groupId)?.schedule.incarnation === settlement.incarnation &&
        this.#late.settle(settlement),
    );
  }

  async listLate(filter: LateFilter, page: PageRequest): Promise<Page<LateTime>> {
    this.#requireOpen();
    return this.#late.list(filter, page);
  }

  async tellChanges(told: ToldChanges): Promise<boolean> {
    this.#requireOpen();
    return this.#changes.tellChanges(told);
  }

  async readChanges(query: ChangesQuery): Promise<ChangesPage> {
    this.#requireOpen();
    return this.#changes.readChanges(query);
  }

  async inspect(): Promise<StoreInfo> {
    this.#requireOpen();
    const counts = { backfill: this.#backfills.size, run: this.#runs.size, schedule: this.#schedules.size };
    const tables = Object.entries(counts).map(([name, rows]) => ({ name, rows, bytes: null }));
    return { kind: "memory", bytes: null, tables, managers: [] };
  }

  #changeSchedule(change: ScheduleChange): boolean {
    const group = this.#schedules.get(change.groupId);
    if (group === undefined || !allows(group, change)) return false;
    if (!this.#seals.isAsRead(change.groupId, change)) return false;
    const isAgain = group.schedule.status === "DELETED";
    this.#schedules.update(group, (schedule) => applyScheduleChange(group, schedule, change));
    if (change.cancelPlanned !== undefined) {
      cancelPlanned(this.#runs, group, change.cancelPlanned, change.updatedAt);
    }
    if (change.offsets !== undefined) endReadings(this.#runs, group, change.offsets.epoch);
    if (change.adoptsPlanned === true) adoptPlanned(this.#runs, group, change.updatedAt);
    if (change.revivesCancelled !== undefined) {
      const isClosed = (run: Run): boolean => this.#seals.hasClosed(group, run);
      reviveCancelled(this.#runs, group, { ...change.revivesCancelled, isClosed }, change.updatedAt);
    }
    if (change.laneWidth !== undefined) resizeLane(this.#runs, group, change.laneWidth, change.updatedAt);
    if (change.spec !== undefined) this.#watch(change.groupId, isAgain, change.updatedAt);
    return true;
  }

  #watch(groupId: string, isNew: boolean, at: EpochMs): void {
    const { spec, incarnation } = this.#schedules.get(groupId)!.schedule;
    const watch = watchAfter(this.#deadlines.get(groupId), { spec, incarnation, isNew, at });
    if (watch !== undefined) this.#deadlines.watch(watch);
    const { watermark } = this.#schedules.get(groupId)!.schedule;
    this.#late.watch(groupId, lookbackAfter(this.#late.watchOf(groupId), groupId, spec.lookback, watermark));
  }

  #plan(commit: PlanCommit): boolean {
    const { groupId, newWatermark, nextFireAt, plannedAt, runs } = commit;
    const group = this.#schedules.get(groupId);
    if (group === undefined || !isAsSeen(group.schedule, commit) || !this.#runs.areNew(runs, group))
      return false;
    const covered = (commit.supersedes ?? []).map((id) => this.#runs.get(id));
    if (!covered.every((row) => row?.group === group && maySupersede(runs, row.run))) return false;
    if (hasOpen(group, commit.unlessOpen) || !this.#seals.isAsRead(groupId, commit)) return false;
    this.#schedules.update(group, (schedule) => {
      schedule.watermark = newWatermark;
      schedule.nextFireAt = nextFireAt;
      if (commit.offsets !== undefined) schedule.offsets = frozenCopy(commit.offsets);
    });
    group.waitsSince = commit.waits === true ? plannedAt : undefined;
    for (const run of runs) this.#runs.insert(run, group);
    for (const run of runs) if (run.state === "SUCCEEDED") this.#staleness.mark(run, plannedAt);
    if (runs.some(({ state }) => isEnded(state))) this.#runs.wake(groupId);
    for (const row of covered) supersede(this.#runs, row!);
    admit(this.#runs, group, plannedAt);
    return true;
  }

  #requireOpen(): void {
    if (this.#isOpen) return;
    throw new StoreError(
      "STORE_CLOSED",
      "The store is not open; call open() first, and nothing after close().",
    );
  }
}

/** Returns whether a group has the ledger that a caller has read, if it names one. */
function isOfLedger({ schedule }: Group, incarnation: string | undefined): boolean {
  return incarnation === undefined || incarnation === schedule.incarnation;
}

/** Returns whether a schedule is still as the planner of a commit has seen it. */
function isAsSeen({ incarnation, version, watermark, status }: Schedule, commit: PlanCommit): boolean {
  const mayPlan = commit.whilePaused === true ? status === "PAUSED" : SCHEDULE_STATUSES[status].plans;
  return (
    mayPlan &&
    incarnation === commit.incarnation &&
    version === commit.version &&
    watermark === commit.watermark
  );
}

/** Orders runs that are claimed together. */
function compareClaims(a: RunRow, b: RunRow): number {
  return (
    compareQueues(a.queue, b.queue) || a.run.readyAt! - b.run.readyAt! || compareText(a.run.id, b.run.id)
  );
}
