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
  Batcher,
  type BatcherOptions,
  type CancelMark,
  type ChangesPage,
  type ChangesQuery,
  type ClaimedRun,
  type ClaimRequest,
  type ClaimScope,
  type CoverageRange,
  DEFAULT_PRIORITY,
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
  isEnded,
  isStoreWide,
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
  pooledFirst,
  type ReportCommit,
  type RunChange,
  type RunEnd,
  type RunFilter,
  readSpec,
  type ScheduleChange,
  type ScheduleFilter,
  type ScheduleStore,
  type SealChange,
  type ShardChange,
  type ShardWriter,
  type ToldChanges,
  URGENT,
} from "@tidegate/core/store";
import { hasTwins } from "@tidegate/store-kit";
import { toArrays } from "./arrays.js";
import { getBackfill, insertBackfill, listBackfills } from "./backfills.js";
import { readChanges, tellChanges } from "./changes.js";
import { ClaimFloors } from "./claim-floors.js";
import { coverage, tally } from "./coverage.js";
import { Database } from "./database.js";
import {
  getWatches,
  listAlerts,
  listDeadlines,
  listWatches,
  noteRow,
  watchesOfChanges,
  watchesOfNew,
} from "./deadlines.js";
import { listGated, markReady, settlementRow } from "./gates.js";
import { toJson } from "./json.js";
import { getLookbacks, lateSettlementRow, listLate, listLookbacks } from "./late.js";
import { cancelMarks, claim, nextWake, renewLeases, requestCancel } from "./leases.js";
import { listRuns, listSchedules } from "./listings.js";
import { getLog, keepLogs } from "./logs.js";
import { claimLost, LostClaims } from "./lost-claims.js";
import { openNamespace, quote } from "./migrate.js";
import { CHANGE_COLUMNS } from "./migrations/0002-places/run-functions.js";
import { missingTimes } from "./missing-time.js";
import { type NextCall, ofChanges, ofPlans, ofRuns, ofSchedules } from "./offsets.js";
import { type PostgresStoreOptions, type Settings, settingsOf } from "./options.js";
import { planColumns } from "./plans.js";
import { choice as choosePooled, claimChosen, listPools, poolPositions, setPool } from "./pools.js";
import { isDuplicate, isUnexpected } from "./postgres-errors.js";
import { asRun, asSchedule, type RunRow, type ScheduleRow, selectSchedules } from "./rows.js";
import { changeRow } from "./run-changes.js";
import { newScheduleRow, scheduleChangeRow } from "./schedule-changes.js";
import { getSeals, putSeal } from "./seals.js";
import { beginMerge, changeShards, dropSplit, getSplit, insertSplit } from "./shards.js";
import { claimOf, endRuns, isPlain, isPlainEnd, type PlainStep, plainOf, planPlain } from "./shortcuts.js";
import { snapshotsOf } from "./snapshots.js";
import { answers, wavesOf } from "./waves.js";

/**
 * If the store as a whole has failed, a batch may have been written all the same. Its callers look, rather than take a
 * refusal of the same batch for an answer.
 */
const BY_ELEMENT: BatcherOptions = {
  isOfOne: (error) => !(error instanceof StoreError && isStoreWide(error.code)),
};

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
  /** The schema of the namespace's tables, quoted, once the store is open. */
  #schema = "";
  #database: Database | undefined;
  /** How many ready runs this process has claimed. */
  #turn = 0;
  /** Whether ready runs were there that pools choose, when this process claimed last; at first it may be so. */
  #hasPooled = true;
  readonly #floors = new ClaimFloors();
  readonly #lost = new LostClaims();
  readonly #plans = new Batcher<PlainStep, PlanAnswer>((steps) => this.#planTogether(steps), BY_ELEMENT);
  readonly #ends = new Batcher<RunEnd, EndEffect | undefined>((ends) => this.#endTogether(ends), BY_ELEMENT);
  readonly #changes = new Batcher<RunChange, boolean>((changes) => this.#changeTogether(changes), BY_ELEMENT);

  /** @throws ConfigurationError CONFIGURATION_INVALID naming the option that is out of range */
  constructor(options: PostgresStoreOptions) {
    this.#settings = settingsOf(options);
  }

  async open(namespace = "default"): Promise<void> {
    if (this.#database !== undefined) return;
    const { schema, ...connection } = this.#settings;
    const database = new Database(connection);
    try {
      this.#schema = quote(await openNamespace(database, schema, namespace));
    } catch (error) {
      await database.close();
      throw error;
    }
    this.#database = database;
  }

  async close(): Promise<void> {
    // Writes waiting for their turn were requested before the close.
    await Promise.all([this.#plans.settled(), this.#ends.settled()]);
    await this.#changes.settled();
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
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

  changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]> {
    const times = changes.map(({ updatedAt }) => updatedAt);
    const rows = toJson(changes.map(scheduleChangeRow));
    const watches = watchesOfChanges(changes);
    const changed = this.#callAll<boolean[]>(
      ["change_schedules", rows],
      ...(watches.length === 0 ? [] : [["watch_changed", toJson(watches)] as const]),
      ...ofChanges(changes),
    );
    return this.#writing(times, changed);
  }

  async getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    const text = `${selectSchedules(this.#schema)} WHERE d.group_id = ANY ($1)`;
    const rows = await this.#query<ScheduleRow>(text, [groupIds]);
    const found = new Map(rows.map((row) => [row.group_id, asSchedule(row)]));
    return groupIds.map((groupId) => found.get(groupId));
  }

  async listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>> {
    return listSchedules(this.#require(), this.#schema, filter, page);
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

  purgeSchedule(groupId: string): Promise<boolean> {
    return this.#call("purge_schedule", groupId);
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
    const answers = await this.#writing(times, this.#plans.add(commits.map((commit) => ({ commit }))));
    return answers.map((answer) => answer !== "refused");
  }

  planAndClaim(commits: readonly PlanCommit[], request: ClaimRequest): Promise<PlanAnswer[]> {
    let claims = 0;
    const steps = commits.map((commit) => {
      const isClaimed =
        claims < request.limit && isPlain(commit) && request.operators.includes(commit.runs[0]!.operator);
      if (isClaimed) claims += 1;
      return { commit, request: isClaimed ? request : undefined };
    });
    const times = [request.leaseUntil, ...commits.map(({ plannedAt }) => plannedAt)];
    return this.#writing(times, this.#plans.add(steps));
  }

  insertRuns(
    runs: readonly NewRun[],
    { isExclusive = false }: { readonly isExclusive?: boolean } = {},
  ): Promise<boolean[]> {
    return this.#writing(
      runs.map(({ plannedAt }) => plannedAt),
      this.#insert("insert_runs", runs, toJson(runs), String(isExclusive)),
    );
  }

  async report({
    groupId,
    incarnation,
    lower,
    upper,
    standing,
    supersedes,
    runs,
  }: ReportCommit): Promise<boolean> {
    const rows = runs.map((run) => ({ ...run, report: JSON.stringify(run.report) }));
    const [row] = await this.#query<{ answer: boolean }>(
      `SELECT ${this.#schema}.report($1, $2, $3, $4, $5, $6, $7) AS answer`,
      [groupId, incarnation, lower, upper, standing, supersedes, toJson(rows)],
    );
    return row!.answer;
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
    const lost = this.#lost.due(request.owner, request.now);
    if (lost.length > 0) {
      const found = await this.#claiming(request, claimLost(this.#require(), this.#schema, request, lost));
      if (found.length > 0) return found;
    }
    return this.#claiming(request, this.#claimReady(request));
  }

  changeRuns(changes: readonly RunChange[]): Promise<boolean[]> {
    return this.#writing(
      changes.map(({ at, readyAt }) => Math.min(at, readyAt ?? at)),
      this.#changes.add(changes),
    );
  }

  endRuns(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    return this.#writing(
      ends.map(({ change: { at } }) => at),
      this.#ends.add(ends),
    );
  }

  async renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]> {
    return this.#writing([leaseUntil], renewLeases(this.#require(), this.#schema, leases, leaseUntil));
  }

  async requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]> {
    return requestCancel(this.#require(), this.#schema, ids, reason);
  }

  async cancelMarks(ids: readonly string[]): Promise<CancelMark[]> {
    return cancelMarks(this.#require(), this.#schema, ids);
  }

  /** Returns the server's time. */
  async now(): Promise<EpochMs> {
    const text = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";
    return (await this.#query<{ now: number }>(text))[0]!.now;
  }

  async nextWake(scope: ClaimScope): Promise<NextWake> {
    return nextWake(this.#require(), this.#schema, this.#floors.of(scope.operators), scope);
  }

  async listGated(query: GatedQuery): Promise<GatedRun[]> {
    return listGated(this.#require(), this.#schema, query);
  }

  settleGates(settlements: readonly GateSettlement[]): Promise<boolean[]> {
    return this.#writing(
      settlements.map(({ at }) => at),
      this.#call("settle_gates", toJson(settlements.map(settlementRow))),
    );
  }

  async markReady(id: string, mark: ReadyMark): Promise<boolean> {
    return markReady(this.#require(), this.#schema, id, mark);
  }

  async setPool(pool: Pool): Promise<void> {
    return setPool(this.#require(), this.#schema, pool);
  }

  async listPools(): Promise<PoolStatus[]> {
    return listPools(this.#require(), this.#schema);
  }

  async deletePool(name: string): Promise<PoolDeletion> {
    return this.#call("delete_pool", name);
  }

  async poolPositions(runId: string): Promise<PoolPosition[]> {
    return poolPositions(this.#require(), this.#schema, runId);
  }

  async getRuns(ids: readonly string[]): Promise<(Run | undefined)[]> {
    const rows = await this.#query<RunRow>(`SELECT * FROM ${this.#schema}.run WHERE id = ANY ($1)`, [ids]);
    const found = new Map(rows.map((row) => [row.id, asRun(row)]));
    return ids.map((id) => found.get(id));
  }

  async listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>> {
    return listRuns(this.#require(), this.#schema, filter, page);
  }

  async coverage(groupId: string, within?: Interval): Promise<CoverageRange[]> {
    return coverage(this.#require(), this.#schema, groupId, within);
  }

  async missingTime(queries: readonly MissingTimeQuery[]): Promise<IntervalSet[]> {
    return missingTimes(this.#require(), this.#schema, queries);
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
    return tally(this.#require(), this.#schema, groupId, lateToleranceMs);
  }

  async insertBackfill(backfill: Backfill): Promise<boolean> {
    return insertBackfill(this.#require(), this.#schema, backfill);
  }

  planBackfill({ runs, ...step }: BackfillCommit): Promise<boolean> {
    return this.#writing(
      runs.map(({ plannedAt }) => plannedAt),
      this.#insert("plan_backfill", runs, toJson(step), toJson(runs)),
    );
  }

  async getBackfill(id: string): Promise<Backfill | undefined> {
    return getBackfill(this.#require(), this.#schema, id);
  }

  async listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]> {
    return listBackfills(this.#require(), this.#schema, filter);
  }

  async tellChanges(told: ToldChanges): Promise<boolean> {
    return tellChanges(this.#require(), this.#schema, told);
  }

  async readChanges(query: ChangesQuery): Promise<ChangesPage> {
    return readChanges(this.#require(), this.#schema, query);
  }

  async #claimReady(request: ClaimRequest): Promise<ClaimedRun[]> {
    const claimed = this.#hasPooled ? await this.#claimTogether(request) : await this.#claimInOrder(request);
    if (this.#hasPooled && claimed.length < request.limit)
      claimed.push(...(await this.#claimPooled(request, claimed.length)));
    this.#turn += claimed.filter(({ isRecovered }) => !isRecovered).length;
    return claimed;
  }

  /** Has what a claim may have got looked for again if its answer is lost. */
  async #claiming<T>(
    request: Pick<ClaimRequest, "owner" | "leaseUntil" | "now">,
    claim: Promise<T>,
  ): Promise<T> {
    try {
      return await claim;
    } catch (error) {
      this.#lost.add(request);
      throw error;
    }
  }

  async #claimInOrder(request: ClaimRequest): Promise<ClaimedRun[]> {
    const { claimed, hasPooled } = await claim(
      this.#require(),
      this.#schema,
      this.#floors,
      this.#turn,
      request,
    );
    this.#hasPooled = hasPooled;
    return claimed;
  }

  /** `takeTogether` of core, except that one place is left to runs of dead owners, which come first. */
  async #claimTogether(request: ClaimRequest): Promise<ClaimedRun[]> {
    const [database, s] = [this.#require(), this.#schema];
    const choice = await choosePooled(database, s, request, request.limit);
    const urgent = choice.take(request.limit - 1, URGENT);
    const first = pooledFirst(this.#turn, request.limit - 1 - urgent.length);
    const chosen = [...urgent, ...choice.take(first, DEFAULT_PRIORITY)];
    const inOrder = await this.#claimInOrder({ ...request, limit: request.limit - chosen.length });
    const pooled = await claimChosen(database, s, chosen, choice, request);
    const recovered = inOrder.filter(({ isRecovered }) => isRecovered);
    return [...recovered, ...pooled, ...inOrder.slice(recovered.length)];
  }

  /** Fills the places that are left. */
  async #claimPooled(request: ClaimRequest, taken: number): Promise<ClaimedRun[]> {
    const [database, s] = [this.#require(), this.#schema];
    const room = request.limit - taken;
    const choice = await choosePooled(database, s, request, room);
    return claimChosen(database, s, choice.take(room), choice, request);
  }

  async listWatches(query: DeadlineQuery): Promise<DeadlineWatch[]> {
    return listWatches(this.#require(), this.#schema, query);
  }

  async getWatches(groupIds: readonly string[]): Promise<(DeadlineWatch | undefined)[]> {
    return getWatches(this.#require(), this.#schema, groupIds);
  }

  judgeDeadlines(judgements: readonly DeadlineJudgement[]): Promise<boolean[]> {
    return this.#call("judge_deadlines", toJson(judgements));
  }

  async listDeadlines(filter: DeadlineFilter, page: PageRequest): Promise<Page<KeptDeadline>> {
    return listDeadlines(this.#require(), this.#schema, filter, page);
  }

  async listAlerts(query: DeadlineQuery): Promise<KeptDeadline[]> {
    return listAlerts(this.#require(), this.#schema, query);
  }

  noteAlerts(notes: readonly AlertNote[]): Promise<boolean[]> {
    return this.#call("note_alerts", toJson(notes.map(noteRow)));
  }

  async putSeal(change: SealChange): Promise<boolean> {
    return putSeal(this.#require(), this.#schema, change);
  }

  async getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]> {
    return getSeals(this.#require(), this.#schema, groupIds);
  }

  async insertSplit(split: NewSplit): Promise<boolean> {
    return insertSplit(this.#require(), this.#schema, split);
  }

  async getSplit(runId: string): Promise<Split | undefined> {
    return getSplit(this.#require(), this.#schema, runId);
  }

  async changeShards(changes: readonly ShardChange[]): Promise<boolean[]> {
    return changeShards(this.#require(), this.#schema, changes);
  }

  async beginMerge(writer: ShardWriter, at: EpochMs): Promise<boolean> {
    return beginMerge(this.#require(), this.#schema, writer, at);
  }

  async dropSplit(writer: ShardWriter): Promise<boolean> {
    return dropSplit(this.#require(), this.#schema, writer);
  }

  async keepLogs(logs: readonly AttemptLog[]): Promise<boolean[]> {
    return keepLogs(this.#require(), this.#schema, logs);
  }

  async getLog(runId: string, attempt: number): Promise<AttemptLog | undefined> {
    return getLog(this.#require(), this.#schema, runId, attempt);
  }

  async listLookbacks(query: LookbackQuery): Promise<LookbackWatch[]> {
    return listLookbacks(this.#require(), this.#schema, query);
  }

  async getLookbacks(groupIds: readonly string[]): Promise<(LookbackWatch | undefined)[]> {
    return getLookbacks(this.#require(), this.#schema, groupIds);
  }

  moveLookbacks(moves: readonly LookbackMove[]): Promise<boolean[]> {
    return this.#call("move_lookbacks", toJson(moves));
  }

  reportLate(reports: readonly LateReport[]): Promise<boolean[]> {
    return this.#call("report_late", toJson(reports));
  }

  settleLate(settlements: readonly LateSettlement[]): Promise<boolean[]> {
    return this.#call("settle_late", toJson(settlements.map(lateSettlementRow)));
  }

  async listLate(filter: LateFilter, page: PageRequest): Promise<Page<LateTime>> {
    return listLate(this.#require(), this.#schema, filter, page);
  }

  async #planInWaves(commits: readonly PlanCommit[]): Promise<boolean[]> {
    const made: boolean[] = new Array(commits.length).fill(false);
    for (const wave of wavesOf(commits, ({ groupId }) => groupId)) {
      const answer = await this.#planWave(wave.map(({ element }) => element));
      for (const [index, { no }] of wave.entries()) made[no] = answer[index]!;
    }
    return made;
  }

  /** @param isWary - whether to look for runs that exist already, which hardly ever happens */
  async #planWave(wave: readonly PlanCommit[], isWary = false): Promise<boolean[]> {
    try {
      const pooled = wave.flatMap(({ runs }) => runs.filter(({ isPooled }) => isPooled === true));
      const columns = [String(isWary), ...planColumns(wave)];
      const planning: NextCall =
        pooled.length === 0
          ? ["plan_wave", ...columns]
          : ["plan_pooled", ...columns, ...toArrays(["id"], pooled)];
      const made = await this.#callAll<number[]>(
        planning,
        ...ofPlans(wave),
        ...snapshotsOf(wave.flatMap(({ runs }) => runs)),
      );
      return answers(
        wave.length,
        made.map((no) => no - 1),
      );
    } catch (error) {
      if (!(error instanceof StoreError) || !isDuplicate(error.cause)) throw error;
      if (!isWary) return this.#planWave(wave, true);
      // A run is in two commits, or another process is inserting it at this moment: the next statement sees it.
      if (wave.length === 1 && hasTwins(wave[0]!.runs)) return [false];
      const one: boolean[] = [];
      for (const commit of wave) one.push(...(await this.#planWave([commit], true)));
      return one;
    }
  }

  /** Makes what is plain in one statement; the rest is planned one wave after the other. */
  async #planTogether(steps: readonly PlainStep[]): Promise<PlanAnswer[]> {
    const plain = plainOf(steps);
    const { owner, ...claim } = claimOf(plain.map((no) => steps[no]!));
    const planned = this.#planParts(steps, plain);
    return owner === null ? planned : this.#claiming({ owner, ...claim }, planned);
  }

  async #planParts(steps: readonly PlainStep[], plain: readonly number[]): Promise<PlanAnswer[]> {
    const answers: PlanAnswer[] = new Array(steps.length).fill("refused");
    try {
      const chosen = plain.map((no) => steps[no]!);
      const made = plain.length === 0 ? [] : await planPlain(this.#require(), this.#schema, chosen);
      for (const [index, run] of made) answers[plain[index]!] = run ?? "planned";
    } catch (error) {
      if (!(error instanceof StoreError) || !isDuplicate(error.cause)) throw error;
    }
    const rest = [...steps.keys()].filter((no) => answers[no] === "refused");
    const planned = await this.#planInWaves(rest.map((no) => steps[no]!.commit));
    for (const [index, no] of rest.entries()) if (planned[index]) answers[no] = "planned";
    return answers;
  }

  async #endTogether(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    const effects: (EndEffect | undefined)[] = new Array(ends.length).fill(undefined);
    const isPlain = ends.map(isPlainEnd);
    const plain = [...ends.keys()].filter((no) => isPlain[no]);
    const rest = [...ends.keys()].filter((no) => !isPlain[no]);
    try {
      const chosen = plain.map((no) => ends[no]!);
      const told = plain.length === 0 ? [] : await endRuns(this.#require(), this.#schema, chosen);
      // A slot of a pool may be free now, for which others wait.
      const areOthers = this.#hasPooled;
      for (const [index, no] of plain.entries()) {
        const { mayAdmit, group } = told[index]!;
        effects[no] = { mayAdmit: mayAdmit || areOthers, group };
      }
    } catch (error) {
      if (!(error instanceof StoreError) || !isUnexpected(error.cause)) throw error;
      rest.push(...plain);
      rest.sort((a, b) => a - b);
    }
    const done = await this.#changes.add(rest.map((no) => ends[no]!.change));
    for (const [index, no] of rest.entries())
      if (done[index]) effects[no] = { mayAdmit: true, group: undefined };
    return effects;
  }

  async #changeTogether(changes: readonly RunChange[]): Promise<boolean[]> {
    const made: number[] = [];
    for (const wave of wavesOf(changes, ({ id }) => id, revives)) {
      const rows = wave.map(({ element, no }) => changeRow(element, no));
      made.push(...(await this.#call<number[]>("change_runs", ...toArrays(CHANGE_COLUMNS, rows))));
    }
    return answers(changes.length, made);
  }

  /**
   * Has the next claims look for what a write may have made claimable from these instants on, even if it
   * fails: its answer may be all that was lost.
   */
  async #writing<T>(times: readonly EpochMs[], write: Promise<T>): Promise<T> {
    try {
      return await write;
    } finally {
      if (times.length > 0) this.#floors.wrote(times.reduce((least, at) => Math.min(least, at)));
    }
  }

  /** Calls a function that inserts runs, or the one for runs that pools choose. */
  #insert<T>(name: string, runs: readonly NewRun[], ...values: readonly string[]): Promise<T> {
    const ids = runs.filter(({ isPooled }) => isPooled === true).map(({ id }) => id);
    const inserting: NextCall =
      ids.length === 0 ? [name, ...values] : [`${name}_pooled`, ...values, toJson(ids)];
    return this.#callAll<T>(inserting, ...ofRuns(runs), ...snapshotsOf(runs));
  }

  /** Calls a function of the schema. */
  #call<T>(name: string, ...values: readonly string[]): Promise<T> {
    return this.#callAll<T>([name, ...values]);
  }

  /** Calls functions of the schema in one statement, each but the first with the answer of the one before it. */
  async #callAll<T>(...calls: readonly NextCall[]): Promise<T> {
    const all: string[] = [];
    const text = calls.reduce((answer, [name, ...values]) => {
      const places = values.map((value) => `$${all.push(value)}`);
      const given = answer === "" ? places : [answer, ...places];
      return `${this.#schema}.${name}(${given.join(", ")})`;
    }, "");
    const [row] = await this.#query<{ answer: T }>(`SELECT ${text} AS answer`, all);
    return row!.answer;
  }

  async #query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    return this.#require().query<Row>(text, values);
  }

  #require(): Database {
    if (this.#database !== undefined) return this.#database;
    throw new StoreError(
      "STORE_CLOSED",
      "The Postgres store is not open; call open() first, and nothing after close().",
    );
  }
}

/** Returns whether a change may revive an ended run. */
function revives({ from, state }: RunChange): boolean {
  return !isEnded(state) && from.some(isEnded);
}
