import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
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
import { SystemClock } from "@tidegate/core/clock";
import type { IntervalSet } from "@tidegate/core/interval";
import {
  type AlertNote,
  type AttemptLog,
  type BackfillCommit,
  type CancelMark,
  ChangeRing,
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
import { asSchedule } from "@tidegate/store-kit";
import { getBackfill, insertBackfill, listBackfills, planBackfill } from "./backfills.js";
import {
  cancelMarks,
  claimRuns,
  lastClaims,
  nextClaim,
  releaseHeldRuns,
  renewLease,
  requestCancel,
} from "./claims.js";
import { copyDatabase } from "./copying.js";
import { CoverageScan, tally } from "./coverage.js";
import { getWatch, judgeDeadlines, listAlerts, listDeadlines, listWatches, noteAlert } from "./deadlines.js";
import { listGated, markReady, nextLook, settleGates } from "./gates.js";
import { GroupCommit, notOpen } from "./group-commit.js";
import { GroupNumbers } from "./group-numbers.js";
import { GroupStates } from "./group-states.js";
import { HeldRows } from "./held-rows.js";
import { Inputs, noteStale } from "./inputs.js";
import { inspect } from "./inspection.js";
import { Lanes } from "./lanes.js";
import { getLookback, listLate, listLookbacks, moveLookback, reportLate, settleLate } from "./late.js";
import { listRuns, listSchedules } from "./listings.js";
import { getLog, keepLog } from "./logs.js";
import { migrate } from "./migrate.js";
import { missingTimeOf } from "./missing-time.js";
import { fileBeside, fileOf, markIn, markOf } from "./namespaces.js";
import { checkOptions, type SqliteStoreOptions } from "./options.js";
import { dueFires, insertBeside, isOfLedger, mayInsertBeside, planOne, resumeWaiting } from "./planning.js";
import { Pools } from "./pools.js";
import { report } from "./reports.js";
import { changeRun } from "./run-changes.js";
import { asRun, type RunRow } from "./run-rows.js";
import {
  changeSchedule,
  dependentsOf,
  insertSchedule,
  purgeSchedule,
  SCHEDULE_COLUMNS,
  SCHEDULE_TABLES,
  type ScheduleRow,
} from "./schedules.js";
import { getSeal, isSealAsRead, putSeal } from "./seals.js";
import { beginMerge, changeShard, dropSplit, getSplit, insertSplit } from "./shards.js";
import { endRun, planAndClaim } from "./shortcuts.js";
import { Sleepers } from "./sleepers.js";
import { asStoreError } from "./sqlite-errors.js";
import { Statements } from "./statements.js";
import type { Tables } from "./tables.js";

interface OpenDatabase extends Tables {
  readonly database: DatabaseSync;
  readonly commit: GroupCommit;
  readonly coverage: CoverageScan;
  readonly changes: ChangeRing;
  /** Copies in progress, which are broken off when the store is closed. */
  readonly copies: Set<Promise<void>>;
  readonly closing: AbortController;
}

/** A store that one process uses follows no clock but the machine's. */
const MACHINE = new SystemClock();

/** SQLite's default, which this package does not change. */
const PAGE_BYTES = 4_096;

/** The write-ahead log is merged into the database after this many pages. */
const CHECKPOINT_PAGES = 16_000;

/**
 * The embedded durable store: one SQLite file, open in one process at a time. The lock is the operating
 * system's and ends with the process, however it ends.
 */
export class SqliteStore implements ScheduleStore {
  readonly isShared = false;
  readonly #options: SqliteStoreOptions;
  /** The database file: that of the namespace once the store is open. */
  #path: string;
  #open: OpenDatabase | undefined;
  /** How many ready runs have been claimed. */
  #turn = 0;

  /** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
  constructor(options: SqliteStoreOptions) {
    this.#options = checkOptions(options);
    this.#path = resolve(options.path);
  }

  async open(namespace = "default"): Promise<void> {
    if (this.#open !== undefined) return;
    const path = resolve(this.#options.path);
    this.#path = fileOf(path, namespace);
    await this.#openFile({ mark: markOf(namespace), beside: fileBeside(path, namespace) });
  }

  /**
   * Opens the database at `path`, whichever namespace it belongs to, for example to copy it.
   *
   * @throws StoreError as `open` does
   */
  async openFile(): Promise<void> {
    if (this.#open === undefined) await this.#openFile(undefined);
  }

  /** @param namespace - the mark of the namespace to which the file will belong if it is new, and the file beside it */
  async #openFile(namespace: { mark: number; beside: string } | undefined): Promise<void> {
    let database: DatabaseSync | undefined;
    try {
      database = this.#lock(this.#path);
      // Another process may have made the file just now, and its mark may still be in the write-ahead log.
      if (namespace !== undefined && ![0, namespace.mark].includes(markIn(database))) {
        database.close();
        this.#path = namespace.beside;
        database = this.#lock(this.#path);
      }
      this.#configure(database, namespace?.mark);
      await migrate(database, this.#path);
      const statements = new Statements(database);
      releaseHeldRuns(statements);
      resumeWaiting(statements);
      const groups = new GroupNumbers(statements);
      const states = new GroupStates(statements);
      const lanes = new Lanes(statements, states);
      const held = new HeldRows();
      const sleepers = new Sleepers(statements);
      const pools = new Pools(statements);
      const inputs = new Inputs(statements, groups);
      const coverage = new CoverageScan(database, statements);
      const commit = new GroupCommit(database, this.#path, () => {
        groups.clear();
        states.clear();
        lanes.reread();
        held.clear();
        sleepers.reread();
        pools.reread();
        inputs.reread();
      });
      const changes = new ChangeRing();
      this.#open = {
        database,
        statements,
        groups,
        states,
        lanes,
        held,
        sleepers,
        inputs,
        pools,
        coverage,
        commit,
        changes,
        copies: new Set(),
        closing: new AbortController(),
      };
    } catch (error) {
      database?.close();
      throw this.#openingError(error);
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    open.commit.close();
    this.#open = undefined;
    open.closing.abort(notOpen(this.#path));
    await Promise.allSettled(open.copies);
    open.database.close();
  }

  /**
   * Writes a consistent copy while the store remains in use. The file appears when it is complete and on disk.
   *
   * @param destination - a path at which no file exists yet
   * @throws StoreError STORE_FAILED if one exists; STORE_FULL, STORE_READ_ONLY or STORE_FAILED if it cannot be written;
   *   STORE_CLOSED if the store is closed before it is complete
   */
  async backup(destination: string): Promise<void> {
    const { database, commit, copies, closing } = this.#require();
    const target = resolve(destination);
    if (existsSync(target))
      throw new StoreError("STORE_FAILED", `${target}: exists; a backup does not overwrite.`);
    await commit.read(() => undefined);
    const copying = copyDatabase(database, target, closing.signal);
    copies.add(copying);
    await copying.finally(() => copies.delete(copying));
  }

  insertSchedules(schedules: readonly NewSchedule[]): Promise<boolean[]> {
    return this.#write((tables) => schedules.map((added) => insertSchedule(tables, added)));
  }

  changeSchedules(changes: readonly ScheduleChange[]): Promise<boolean[]> {
    return this.#write((tables) => changes.map((change) => changeSchedule(tables, change)));
  }

  getSchedules(groupIds: readonly string[]): Promise<(Schedule | undefined)[]> {
    const text = `SELECT ${SCHEDULE_COLUMNS} FROM ${SCHEDULE_TABLES} WHERE s.no = ?`;
    return this.#read(({ statements, groups, lanes }) =>
      groupIds.map((groupId) => {
        const no = groups.numberOf(groupId);
        const row = no === undefined ? undefined : statements.get<ScheduleRow>(text, no);
        return row === undefined ? undefined : asSchedule(row, lanes.countsOf(row.no));
      }),
    );
  }

  getEpochs(groupIds: readonly string[]): Promise<number[]> {
    return this.#read(({ groups, states }) =>
      groupIds.map((groupId) => {
        const no = groups.numberOf(groupId);
        return (no === undefined ? undefined : states.of(no)?.epoch) ?? 0;
      }),
    );
  }

  listSchedules(filter: ScheduleFilter, page: PageRequest): Promise<Page<Schedule>> {
    return this.#read((tables) => listSchedules(tables, filter, page));
  }

  listVersions(groupId: string): Promise<ScheduleVersion[]> {
    return this.#read(({ statements }) =>
      statements
        .all<{ version: number; spec: string; tzdata: string; since: number; created_at: number }>(
          `SELECT v.version, v.spec, v.tzdata, v.since, v.created_at FROM schedule s
            JOIN schedule_version v ON v.schedule_no = s.no WHERE s.group_id = ? ORDER BY v.version`,
          groupId,
        )
        .map(({ spec, created_at, ...version }) => ({
          ...version,
          ...readSpec(spec, { groupId }),
          createdAt: created_at,
        })),
    );
  }

  dependentsOf(groupIds: readonly string[]): Promise<string[][]> {
    return this.#read(({ statements }) => groupIds.map((groupId) => dependentsOf(statements, groupId)));
  }

  purgeSchedule(groupId: string, expected?: Pick<Schedule, "incarnation" | "status">): Promise<boolean> {
    return this.#write((tables) => purgeSchedule(tables, groupId, expected));
  }

  due(query: DueQuery): Promise<DueFire[]> {
    return this.#read((tables) => dueFires(tables, query));
  }

  plan(commits: readonly PlanCommit[]): Promise<boolean[]> {
    return this.#write((tables) => commits.map((commit) => planOne(tables, commit) !== "refused"));
  }

  planAndClaim(commits: readonly PlanCommit[], request: ClaimRequest): Promise<PlanAnswer[]> {
    return this.#write((tables) => planAndClaim(tables, commits, request));
  }

  insertRuns(
    runs: readonly NewRun[],
    { isExclusive = false, incarnation, ...read }: InsertOptions = {},
  ): Promise<boolean[]> {
    return this.#write((tables) =>
      runs.map(
        (run) =>
          isOfLedger(tables, tables.groups.numberOf(run.groupId), incarnation) &&
          isSealAsRead(tables, run.groupId, read) &&
          (!isExclusive || mayInsertBeside(tables, [run])) &&
          insertBeside(tables, run),
      ),
    );
  }

  report(commit: ReportCommit): Promise<boolean> {
    return this.#write((tables) => report(tables, commit));
  }

  noteStale(ids: readonly string[]): Promise<boolean[]> {
    return this.#write(({ statements }) => ids.map((id) => noteStale(statements, id)));
  }

  claim(request: ClaimRequest): Promise<ClaimedRun[]> {
    return this.#write((tables) => {
      const claimed = claimRuns(tables, this.#turn, request);
      this.#turn += claimed.filter(({ isRecovered }) => !isRecovered).length;
      return claimed;
    });
  }

  changeRuns(changes: readonly RunChange[]): Promise<boolean[]> {
    return this.#write((tables) => changes.map((change) => changeRun(tables, change)));
  }

  endRuns(ends: readonly RunEnd[]): Promise<(EndEffect | undefined)[]> {
    return this.#write((tables) => ends.map((each) => endRun(tables, each)));
  }

  renewLeases(leases: readonly HeldLease[], leaseUntil: EpochMs): Promise<LeaseState[]> {
    return this.#write((tables) => leases.map((lease) => renewLease(tables, lease, leaseUntil)));
  }

  requestCancel(ids: readonly string[], reason: RunReason): Promise<boolean[]> {
    return this.#write(({ statements }) => ids.map((id) => requestCancel(statements, id, reason)));
  }

  cancelMarks(ids: readonly string[]): Promise<CancelMark[]> {
    return this.#read(({ statements }) => cancelMarks(statements, ids));
  }

  lastClaims(ids: readonly string[]): Promise<number[]> {
    return this.#read(({ statements }) => lastClaims(statements, ids));
  }

  /** Returns this machine's time: no other process uses the database. */
  now(): Promise<EpochMs> {
    return this.#read(() => MACHINE.now());
  }

  nextWake(scope: ClaimScope): Promise<NextWake> {
    return this.#read(({ statements, pools }) => ({
      claimAt: nextClaim({ statements, pools }, scope),
      lookAt: nextLook(statements),
    }));
  }

  listGated(query: GatedQuery): Promise<GatedRun[]> {
    return this.#read((tables) => listGated(tables, query));
  }

  settleGates(settlements: readonly GateSettlement[]): Promise<boolean[]> {
    return this.#write((tables) => settlements.map((settlement) => settleGates(tables, settlement)));
  }

  markReady(id: string, mark: ReadyMark): Promise<boolean> {
    return this.#write((tables) => markReady(tables, id, mark));
  }

  setPool(pool: Pool): Promise<void> {
    return this.#write(({ pools }) => pools.set(pool));
  }

  listPools(): Promise<PoolStatus[]> {
    return this.#read(({ pools }) => pools.list());
  }

  deletePool(name: string): Promise<PoolDeletion> {
    return this.#write(({ pools }) => pools.delete(name));
  }

  poolPositions(runId: string): Promise<PoolPosition[]> {
    return this.#read(({ pools }) => pools.positionsOf(runId));
  }

  getRuns(ids: readonly string[]): Promise<(Run | undefined)[]> {
    return this.#read(({ statements, groups }) =>
      ids.map((id) => {
        const row = statements.get<RunRow>("SELECT * FROM run WHERE id = ?", id);
        return row === undefined ? undefined : asRun(row, groups.idOf(row.group_no));
      }),
    );
  }

  listRuns(filter: RunFilter, page: PageRequest): Promise<Page<Run>> {
    return this.#read(({ statements, groups }) => listRuns(statements, groups, filter, page));
  }

  coverage(groupId: string, within?: Interval): Promise<CoverageRange[]> {
    return this.#read(({ groups, coverage }) => {
      const no = groups.numberOf(groupId);
      return no === undefined ? [] : coverage.run(no, within);
    });
  }

  missingTime(queries: readonly MissingTimeQuery[]): Promise<IntervalSet[]> {
    return this.#read((tables) => queries.map((query) => missingTimeOf(tables, query)));
  }

  generationDigests(windows: readonly GroupWindow[]): Promise<string[]> {
    return this.#read((tables) => windows.map((window) => tables.inputs.digestOf(window)));
  }

  tally(groupId: string, lateToleranceMs: number): Promise<RunTally> {
    return this.#read(({ statements, groups }) =>
      tally(statements, groups.numberOf(groupId), lateToleranceMs),
    );
  }

  insertBackfill(backfill: Backfill, read: SealRead = {}): Promise<boolean> {
    return this.#write((tables) => {
      const { statements, groups } = tables;
      const no = groups.numberOf(backfill.groupId);
      if (no === undefined)
        throw new StoreError("STORE_FAILED", `Group ${backfill.groupId} has no schedule.`);
      return isSealAsRead(tables, backfill.groupId, read) && insertBackfill(statements, no, backfill);
    });
  }

  planBackfill(commit: BackfillCommit): Promise<boolean> {
    return this.#write((tables) => planBackfill(tables, commit));
  }

  getBackfill(id: string): Promise<Backfill | undefined> {
    return this.#read(({ statements, groups }) => getBackfill(statements, groups, id));
  }

  listBackfills(filter: { groupId?: string; states?: readonly BackfillState[] }): Promise<Backfill[]> {
    return this.#read(({ statements, groups }) => listBackfills(statements, groups, filter));
  }

  listWatches(query: DeadlineQuery): Promise<DeadlineWatch[]> {
    return this.#read((tables) => listWatches(tables, query));
  }

  getWatches(groupIds: readonly string[]): Promise<(DeadlineWatch | undefined)[]> {
    return this.#read((tables) => groupIds.map((groupId) => getWatch(tables, groupId)));
  }

  judgeDeadlines(judgements: readonly DeadlineJudgement[]): Promise<boolean[]> {
    return this.#write((tables) => judgements.map((judgement) => judgeDeadlines(tables, judgement)));
  }

  listDeadlines(filter: DeadlineFilter, page: PageRequest): Promise<Page<KeptDeadline>> {
    return this.#read((tables) => listDeadlines(tables, filter, page));
  }

  listAlerts(query: DeadlineQuery): Promise<KeptDeadline[]> {
    return this.#read((tables) => listAlerts(tables, query));
  }

  noteAlerts(notes: readonly AlertNote[]): Promise<boolean[]> {
    return this.#write((tables) => notes.map((note) => noteAlert(tables, note)));
  }

  putSeal(change: SealChange): Promise<boolean> {
    return this.#write((tables) => putSeal(tables, change));
  }

  getSeals(groupIds: readonly string[]): Promise<(Seal | undefined)[]> {
    return this.#read((tables) => groupIds.map((groupId) => getSeal(tables, groupId)));
  }

  insertSplit(split: NewSplit): Promise<boolean> {
    return this.#write(({ statements }) => insertSplit(statements, split));
  }

  getSplit(runId: string): Promise<Split | undefined> {
    return this.#read(({ statements }) => getSplit(statements, runId));
  }

  changeShards(changes: readonly ShardChange[]): Promise<boolean[]> {
    return this.#write(({ statements }) => changes.map((change) => changeShard(statements, change)));
  }

  beginMerge(writer: ShardWriter, at: EpochMs): Promise<boolean> {
    return this.#write(({ statements }) => beginMerge(statements, writer, at));
  }

  dropSplit(writer: ShardWriter): Promise<boolean> {
    return this.#write(({ statements }) => dropSplit(statements, writer));
  }

  keepLogs(logs: readonly AttemptLog[]): Promise<boolean[]> {
    return this.#write(({ statements }) => logs.map((log) => keepLog(statements, log)));
  }

  getLog(runId: string, attempt: number): Promise<AttemptLog | undefined> {
    return this.#read(({ statements }) => getLog(statements, runId, attempt));
  }

  listLookbacks(query: LookbackQuery): Promise<LookbackWatch[]> {
    return this.#read((tables) => listLookbacks(tables, query));
  }

  getLookbacks(groupIds: readonly string[]): Promise<(LookbackWatch | undefined)[]> {
    return this.#read((tables) => groupIds.map((groupId) => getLookback(tables, groupId)));
  }

  moveLookbacks(moves: readonly LookbackMove[]): Promise<boolean[]> {
    return this.#write((tables) => moves.map((move) => moveLookback(tables, move)));
  }

  reportLate(reports: readonly LateReport[]): Promise<boolean[]> {
    return this.#write((tables) => reports.map((report) => reportLate(tables, report)));
  }

  settleLate(settlements: readonly LateSettlement[]): Promise<boolean[]> {
    return this.#write((tables) => settlements.map((settlement) => settleLate(tables, settlement)));
  }

  listLate(filter: LateFilter, page: PageRequest): Promise<Page<LateTime>> {
    return this.#read((tables) => listLate(tables, filter, page));
  }

  async tellChanges(told: ToldChanges): Promise<boolean> {
    return this.#require().changes.tellChanges(told);
  }

  async readChanges(query: ChangesQuery): Promise<ChangesPage> {
    return this.#require().changes.readChanges(query);
  }

  inspect(): Promise<StoreInfo> {
    return this.#read(({ statements }) => inspect(statements));
  }

  async #write<T>(operation: (open: OpenDatabase) => T): Promise<T> {
    const open = this.#require();
    return open.commit.write(() => operation(open));
  }

  async #read<T>(operation: (open: OpenDatabase) => T): Promise<T> {
    const open = this.#require();
    return open.commit.read(() => operation(open));
  }

  #require(): OpenDatabase {
    if (this.#open !== undefined) return this.#open;
    throw notOpen(this.#path);
  }

  /** Opens a database. Its first read or write takes the lock, which is held until it is closed or the process ends. */
  #lock(path: string): DatabaseSync {
    if (this.#options.mustExist === true && !existsSync(path))
      throw new StoreError("STORE_FAILED", `${path}: there is no such database.`);
    mkdirSync(dirname(path), { recursive: true });
    const database = new DatabaseSync(path, { timeout: 0 });
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    return database;
  }

  #configure(database: DatabaseSync, mark: number | undefined): void {
    const { synchronous = "full", cacheBytes = 64 * 1_024 * 1_024, maxBytes } = this.#options;
    const found = markIn(database);
    const isNew = found === 0 && mark !== undefined;
    if (isNew) database.exec(`PRAGMA user_version = ${mark}`);
    database.exec("PRAGMA journal_mode = WAL");
    database.exec(`PRAGMA synchronous = ${synchronous === "full" ? "FULL" : "NORMAL"}`);
    database.exec(`PRAGMA cache_size = -${Math.ceil(cacheBytes / 1_024)}`);
    database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    database.exec("PRAGMA temp_store = MEMORY");
    if (maxBytes !== undefined) database.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`);
    database.exec("BEGIN IMMEDIATE; COMMIT");
    // Others read the mark from the file itself.
    if (isNew) database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  #openingError(error: unknown): unknown {
    const code = (error as { code?: unknown } | null)?.code;
    if (
      code === "EACCES" ||
      code === "EEXIST" ||
      code === "EROFS" ||
      code === "EPERM" ||
      code === "ENOTDIR"
    ) {
      return new StoreError(
        "STORE_READ_ONLY",
        `${this.#path}: its directory cannot be made or written (${code}).`,
        {
          cause: error,
        },
      );
    }
    return asStoreError(error, this.#path);
  }
}
