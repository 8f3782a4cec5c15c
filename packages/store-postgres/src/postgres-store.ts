import {
  type Backfill,
  type BackfillState,
  type EpochMs,
  type Interval,
  type LateTime,
  type Page,
  type PageRequest,
  type Pool,
  type PoolStatus,
  type ReadyMark,
  type Run,
  type RunReason,
  type RunTally,
  type Schedule,
  type ScheduleVersion,
  type Seal,
  type Split,
  StoreError,
} from "@tidegate/core";
import type { IntervalSet } from "@tidegate/core/interval";
import {
  type AlertNote,
  type AttemptLog,
  type BackfillCommit,
  type CancelMark,
  type ChangesPage,
  type ChangesQuery,
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  type CoverageRange,
  type DeadlineFilter,
  type DeadlineJudgement,
  type DeadlineQuery,
  type DeadlineWatch,
  type DueFire,
  type DueQuery,
  type EndEffect,
  type GatedQuery,
  type GatedRun,
  type GateSettlement,
  type GroupWindow,
  type HeldLease,
  type InsertOptions,
  type KeptDeadline,
  type LateFilter,
  type LateReport,
  type LateSettlement,
  type LeaseState,
  type LookbackMove,
  type LookbackQuery,
  type LookbackWatch,
  type MissingTimeQuery,
  type NewRun,
  type NewSchedule,
  type NewSplit,
  type NextWake,
  type PlanAnswer,
  type PlanCommit,
  type PoolDeletion,
  type PoolPosition,
  type ReportCommit,
  type RunChange,
  type RunEnd,
  type RunFilter,
  readSpec,
  type ScheduleChange,
  type ScheduleFilter,
  type ScheduleStore,
  type SealChange,
  type SealRead,
  type ShardChange,
  type ShardWriter,
  type StoreInfo,
  type ToldChanges,
} from "@tidegate/core/store";
import { mayClaimAsPlanned } from "@tidegate/store-kit";
import { getBackfill, insertBackfill, listBackfills } from "./backfills.js";
import { callAll, callFor, type GroupRead, type Opened } from "./calls.js";
import { readChanges, tellChanges } from "./changes.js";
import { Claims } from "./claims.js";
import { coverage, tally } from "./coverage.js";
import { Database } from "./database.js";
import { getWatches, listAlerts, listDeadlines, listWatches, noteRow, watchesOfNew } from "./deadlines.js";
import { listGated, markReady, settlementRow } from "./gates.js";
import { inspect } from "./inspection.js";
import { toJson } from "./json.js";
import { getLookbacks, listLate, listLookbacks, reportLate, settleLate } from "./late.js";
import { cancelMarks, lastClaims, renewLeases, requestCancel } from "./leases.js";
import { listRuns, listSchedules } from "./listings.js";
import { getLog, keepLogs } from "./logs.js";
import { openNamespace, quote } from "./migrate.js";
import { missingTimes } from "./missing-time.js";
import { type NextCall, ofRuns, ofSchedules } from "./offsets.js";
import { type PostgresStoreOptions, type Settings, settingsOf } from "./options.js";
import { listPools, poolPositions, setPool } from "./pools.js";
import { purgeSchedule } from "./purging.js";
import { asRun, asSchedule, type RunRow, type ScheduleRow, selectSchedules } from "./rows.js";
import { RunBatches } from "./run-batches.js";
import { changeSchedules, newScheduleRow } from "./schedule-changes.js";
import { getSeals, putSeal } from "./seals.js";
import { beginMerge, changeShards, dropSplit, getSplit, insertSplit } from "./shards.js";
import { snapshotsOf } from "./snapshots.js";
import { answers } from "./waves.js";

/**
 * The store for several managers at once, in one Postgres.
 *
 * Every write is one statement, so no lock is ever held across a round trip. The lock that matters is that of
 * the group's row in `schedule_state`, which each write that moves a watermark or a place in a lane takes
 * first, in the order of group ids; a claim locks only runs and skips those that another manager is claiming.
 */
export class PostgresStore implements ScheduleStore {
  readonly isShared = true;
  readonly #settings: Settings;
  readonly #claims = new Claims(() => this.#require());
  readonly #batches = new RunBatches(() => this.#require(), this.#claims);
  #opened: Opened | undefined;

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is out of range */
  constructor(options: PostgresStoreOptions) {
    this.#settings = settingsOf(options);
  }

  async open(namespace = "default"): Promise<void> {
    if (this.#opened !== undefined) return;
    const { schema, ...connection } = this.#settings;
    const database = new Database(connection);
    try {
      this.#opened = { database, schema: quote(await openNamespace(database, schema, namespace)) };
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    // Writes waiting for their turn were requested before the close.
    await this.#batches.settled();
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.database.close();
  }

  async insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]> {
    const first = new Map<string, number>();
    for (const [no, { spec }] of schedules.entries())
      if (!first.has(spec.groupId)) first.set(spec.groupId, no);
    const rows = [...first.values()].map((no) => newScheduleRow(schedules[no]!, no));
    const watches = watchesOfNew(schedules);
    const made = this.#callAll<number[]>(
      ["insert_schedules", toJson(rows)],
      ...(watches.length === 0 ? [] : [["watch_inserted", toJson(watches)] as const]),
      ...ofSchedules(schedules),
    );
    return answers(schedules.length, await made);
  }

  async changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]> {
    const times = changes.map(({ updatedAt }) => updatedAt);
    return this.#claims.wrote(times, changeSchedules(this.#require(), changes));
  }

  async getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    const text = `${selectSchedules(this.#schema)} WHERE d.group_id = ANY ($1)`;
    const rows = await this.#query<ScheduleRow>(text, [groupIds]);
    const found = new Map(rows.map((row) => [row.group_id, asSchedule(row)]));
    return groupIds.map((groupId) => found.get(groupId));
  }

  async getEpochs(groupIds: readonly string[]): Promise<number[]> {
    const rows = await this.#query<{ group_id: string; epoch: number }>(
      `SELECT group_id, (offsets::json ->> 'epoch')::int AS epoch FROM ${this.#schema}.schedule_state
        WHERE group_id = ANY ($1) AND offsets IS NOT NULL`,
      [groupIds],
    );
    const found = new Map(rows.map(({ group_id, epoch }) => [group_id, epoch]));
    return groupIds.map((groupId) => found.get(groupId) ?? 0);
  }

  async listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>> {
    return listSchedules(...this.#at(), filter, page);
  }

  async listVersions(groupId: string): Promise<ScheduleVersion[]> {
    const rows = await this.#query<Omit<ScheduleVersion, "spec"> & { spec: string }>(
      `SELECT version, spec, tzdata, since, created_at AS "createdAt" FROM ${this.#schema}.schedule_version
        WHERE group_id = $1 ORDER BY version`,
      [groupId],
    );
    return rows.map((row) => ({ ...row, ...readSpec(row.spec, { groupId }) }));
  }

  async dependentsOf(groupIds: readonly string[]): Promise<string[][]> {
    const rows = await this.#query<{ upstream: string; dependents: string[] }>(
      `SELECT upstream, array_agg(group_id ORDER BY group_id) AS dependents FROM ${this.#schema}.dependency
        WHERE upstream = ANY ($1) GROUP BY upstream`,
      [groupIds],
    );
    const found = new Map(rows.map(({ upstream, dependents }) => [upstream, dependents]));
    return groupIds.map((groupId) => found.get(groupId) ?? []);
  }

  async purgeSchedule(
    groupId: string,
    expected?: Pick<Schedule, "incarnation" | "status">,
  ): Promise<boolean> {
    return purgeSchedule(...this.#at(), groupId, expected);
  }

  async due({ before, from, engine, limit }: DueQuery): Promise<DueFire[]> {
    return this.#query(
      `SELECT t.group_id AS "groupId", t.version, d.engine, t.next_fire_at AS "fireAt",
        t.next_fire_at - t.delay_ms AS "scheduledTime"
        FROM ${this.#schema}.schedule_state t JOIN ${this.#schema}.schedule d ON d.group_id = t.group_id
        WHERE t.is_planning AND t.next_fire_at IS NOT NULL AND t.next_fire_at <= $1 AND t.next_fire_at >= $2
          AND ($3::text IS NULL OR d.engine = $3)
        ORDER BY t.next_fire_at LIMIT $4`,
      [before, from ?? Number.MIN_SAFE_INTEGER, engine, limit],
    );
  }

  async plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    const times = commits.map(({ plannedAt }) => plannedAt);
    const answers = await this.#claims.wrote(
      times,
      this.#batches.plan(commits.map((commit) => ({ commit }))),
    );
    return answers.map((answer) => answer !== "refused");
  }

  planAndClaim(commits: readonly PlanCommit[], request: ClaimRequest): Promise<PlanAnswer[]> {
    let claims = 0;
    const steps = commits.map((commit) => {
      const isClaimed = claims < request.limit && mayClaimAsPlanned(commit, request);
      if (isClaimed) claims += 1;
      return { commit, request: isClaimed ? request : undefined };
    });
    const times = [request.leaseUntil, ...commits.map(({ plannedAt }) => plannedAt)];
    return this.#claims.wrote(times, this.#batches.plan(steps));
  }

  async insertRuns(
    runs: readonly NewRun[],
    { isExclusive = false, ...read }: InsertOptions = {},
  ): Promise<boolean[]> {
    const inserted = await this.#claims.wrote(
      runs.map(({ plannedAt }) => plannedAt),
      this.#insert<boolean[]>(["insert_runs", toJson(runs), String(isExclusive)], runs, read),
    );
    return inserted ?? runs.map(() => false);
  }

  async report({
    groupId,
    incarnation,
    lower,
    upper,
    standing,
    supersedes,
    runs,
    seal,
  }: ReportCommit): Promise<boolean> {
    const schema = this.#schema;
    const rows = runs.map((run) => ({ ...run, report: JSON.stringify(run.report) }));
    const [row] = await this.#query<{ answer: boolean }>(
      `WITH held AS MATERIALIZED (SELECT FROM ${schema}.schedule_state WHERE group_id = $1 FOR NO KEY UPDATE)
        SELECT CASE WHEN $8 AND NOT ${schema}.is_sealed_as($1, $9) THEN false
          ELSE ${schema}.report($1, $2, $3, $4, $5, $6, $7) END AS answer FROM held`,
      [groupId, incarnation, lower, upper, standing, supersedes, toJson(rows), seal !== undefined, seal],
    );
    return row?.answer ?? false;
  }

  async noteStale(ids: readonly string[]): Promise<boolean[]> {
    const rows = await this.#query<{ id: string }>(
      `UPDATE ${this.#schema}.run SET is_stale_noted = true
        WHERE id = ANY ($1) AND stale_at IS NOT NULL AND NOT is_superseded AND NOT is_stale_noted RETURNING id`,
      [ids],
    );
    const noted = new Set(rows.map(({ id }) => id));
    return ids.map((id) => noted.delete(id));
  }

  async claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    return this.#claims.claim(request);
  }

  changeRuns(changes: readonly RunChange[]): Promise<boolean[]> {
    return this.#claims.wrote(
      changes.map(({ at, readyAt }) => Math.min(at, readyAt ?? at)),
      this.#batches.change(changes),
    );
  }

  endRuns(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    return this.#claims.wrote(
      ends.map(({ change: { at } }) => at),
      this.#batches.end(ends),
    );
  }

  async renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]> {
    return this.#claims.wrote([leaseUntil], renewLeases(...this.#at(), leases, leaseUntil));
  }

  async requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]> {
    return requestCancel(...this.#at(), ids, reason);
  }

  async cancelMarks(ids: readonly string[]): Promise<CancelMark[]> {
    return cancelMarks(...this.#at(), ids);
  }

  async lastClaims(ids: readonly string[]): Promise<number[]> {
    return lastClaims(...this.#at(), ids);
  }

  /** Returns the server's time. */
  async now(): Promise<EpochMs> {
    const text = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
    return (await this.#query<{ now: number }>(text))[0]!.now;
  }

  async nextWake(scope: ClaimScope): Promise<NextWake> {
    return this.#claims.nextWake(scope);
  }

  async listGated(query: GatedQuery): Promise<GatedRun[]> {
    return listGated(...this.#at(), query);
  }

  settleGates(settlements: readonly GateSettlement[]): Promise<boolean[]> {
    return this.#claims.wrote(
      settlements.map(({ at }) => at),
      this.#call("settle_gates", toJson(settlements.map(settlementRow))),
    );
  }

  async markReady(id: string, mark: ReadyMark): Promise<boolean> {
    return markReady(...this.#at(), id, mark);
  }

  async setPool(pool: Pool): Promise<void> {
    return setPool(...this.#at(), pool);
  }

  async listPools(): Promise<PoolStatus[]> {
    return listPools(...this.#at());
  }

  async deletePool(name: string): Promise<PoolDeletion> {
    return this.#call("delete_pool", name);
  }

  async poolPositions(runId: string): Promise<PoolPosition[]> {
    return poolPositions(...this.#at(), runId);
  }

  async getRuns(ids: readonly string[]): Promise<(Run | undefined)[]> {
    const rows = await this.#query<RunRow>(`SELECT * FROM ${this.#schema}.run WHERE id = ANY ($1)`, [ids]);
    const found = new Map(rows.map((row) => [row.id, asRun(row)]));
    return ids.map((id) => found.get(id));
  }

  async listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>> {
    return listRuns(...this.#at(), filter, page);
  }

  async coverage(groupId: string, within?: Interval): Promise<CoverageRange[]> {
    return coverage(...this.#at(), groupId, within);
  }

  async missingTime(queries: readonly MissingTimeQuery[]): Promise<IntervalSet[]> {
    return missingTimes(...this.#at(), queries);
  }

  async generationDigests(windows: readonly GroupWindow[]): Promise<string[]> {
    const rows = await this.#query<{ digest: string }>(
      `SELECT ${this.#schema}.generation_digest(w."groupId", w.lower, w.upper) AS digest
        FROM ROWS FROM (json_to_recordset($1) AS ("groupId" text, lower bigint, upper bigint)) WITH ORDINALITY
          AS w ("groupId", lower, upper, no) ORDER BY w.no`,
      [toJson(windows)],
    );
    return rows.map(({ digest }) => digest);
  }

  async tally(groupId: string, lateToleranceMs: number): Promise<RunTally> {
    return tally(...this.#at(), groupId, lateToleranceMs);
  }

  async insertBackfill(backfill: Backfill, read: SealRead = {}): Promise<boolean> {
    return insertBackfill(...this.#at(), backfill, read);
  }

  async planBackfill({ runs, incarnation, ...step }: BackfillCommit): Promise<boolean> {
    const isPlanned = await this.#claims.wrote(
      runs.map(({ plannedAt }) => plannedAt),
      this.#insert<boolean>(["plan_backfill", toJson(step), toJson(runs)], runs, { incarnation }),
    );
    return isPlanned ?? false;
  }

  async getBackfill(id: string): Promise<Backfill | undefined> {
    return getBackfill(...this.#at(), id);
  }

  async listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]> {
    return listBackfills(...this.#at(), filter);
  }

  async tellChanges(told: ToldChanges): Promise<boolean> {
    return tellChanges(...this.#at(), told);
  }

  async readChanges(query: ChangesQuery): Promise<ChangesPage> {
    return readChanges(...this.#at(), query);
  }

  async inspect(): Promise<StoreInfo> {
    return inspect(...this.#at());
  }

  async listWatches(query: DeadlineQuery): Promise<DeadlineWatch[]> {
    return listWatches(...this.#at(), query);
  }

  async getWatches(groupIds: readonly string[]): Promise<(DeadlineWatch | undefined)[]> {
    return getWatches(...this.#at(), groupIds);
  }

  judgeDeadlines(judgements: readonly DeadlineJudgement[]): Promise<boolean[]> {
    return this.#call("judge_deadlines", toJson(judgements));
  }

  async listDeadlines(filter: DeadlineFilter, page: PageRequest): Promise<Page<KeptDeadline>> {
    return listDeadlines(...this.#at(), filter, page);
  }

  async listAlerts(query: DeadlineQuery): Promise<KeptDeadline[]> {
    return listAlerts(...this.#at(), query);
  }

  noteAlerts(notes: readonly AlertNote[]): Promise<boolean[]> {
    return this.#call("note_alerts", toJson(notes.map(noteRow)));
  }

  async putSeal(change: SealChange): Promise<boolean> {
    return putSeal(...this.#at(), change);
  }

  async getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]> {
    return getSeals(...this.#at(), groupIds);
  }

  async insertSplit(split: NewSplit): Promise<boolean> {
    return insertSplit(...this.#at(), split);
  }

  async getSplit(runId: string): Promise<Split | undefined> {
    return getSplit(...this.#at(), runId);
  }

  async changeShards(changes: readonly ShardChange[]): Promise<boolean[]> {
    return changeShards(...this.#at(), changes);
  }

  async beginMerge(writer: ShardWriter, at: EpochMs): Promise<boolean> {
    return beginMerge(...this.#at(), writer, at);
  }

  async dropSplit(writer: ShardWriter): Promise<boolean> {
    return dropSplit(...this.#at(), writer);
  }

  async keepLogs(logs: readonly AttemptLog[]): Promise<boolean[]> {
    return keepLogs(...this.#at(), logs);
  }

  async getLog(runId: string, attempt: number): Promise<AttemptLog | undefined> {
    return getLog(...this.#at(), runId, attempt);
  }

  async listLookbacks(query: LookbackQuery): Promise<LookbackWatch[]> {
    return listLookbacks(...this.#at(), query);
  }

  async getLookbacks(groupIds: readonly string[]): Promise<(LookbackWatch | undefined)[]> {
    return getLookbacks(...this.#at(), groupIds);
  }

  moveLookbacks(moves: readonly LookbackMove[]): Promise<boolean[]> {
    return this.#call("move_lookbacks", toJson(moves));
  }

  async reportLate(reports: readonly LateReport[]): Promise<boolean[]> {
    return reportLate(...this.#at(), reports);
  }

  async settleLate(settlements: readonly LateSettlement[]): Promise<boolean[]> {
    return settleLate(...this.#at(), settlements);
  }

  async listLate(filter: LateFilter, page: PageRequest): Promise<Page<LateTime>> {
    return listLate(...this.#at(), filter, page);
  }

  /** Calls a function that inserts runs, or the one for runs that pools choose. */
  #insert<T>(
    [name, ...values]: NextCall,
    runs: readonly NewRun[],
    read: Omit<GroupRead, "groupId" | "runId">,
  ): Promise<T | undefined> {
    const ids = runs.filter(({ isPooled }) => isPooled === true).map(({ id }) => id);
    const inserting: NextCall =
      ids.length === 0 ? [name, ...values] : [`${name}_pooled`, ...values, toJson(ids)];
    const calls = [inserting, ...ofRuns(runs), ...snapshotsOf(runs)];
    const groupId = runs[0]?.groupId;
    const isAny = read.incarnation === undefined && read.seal === undefined;
    if (groupId === undefined || isAny) return this.#callAll<T>(...calls);
    return callFor<T>(this.#require(), { groupId, ...read }, ...calls);
  }

  /** Calls a function of the schema. */
  #call<T>(name: string, ...values: readonly string[]): Promise<T> {
    return this.#callAll<T>([name, ...values]);
  }

  /** See `callAll`. */
  async #callAll<T>(...calls: readonly NextCall[]): Promise<T> {
    return callAll<T>(this.#require(), ...calls);
  }

  async #query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#require().database.query<Row>(text, values);
  }

  /** The schema of the namespace's tables, quoted. */
  get #schema(): string {
    return this.#require().schema;
  }

  /** The arguments with which all reads and writes begin. */
  #at(): [database: Database, schema: string] {
    const { database, schema } = this.#require();
    return [database, schema];
  }

  #require(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    throw new StoreError(
      "STORE_CLOSED",
      "The Postgres store is not open; call open() first, and nothing after close().",
    );
  }
}
