import type { EpochMs, Pool, PoolStatus, RunKind } from "@tidegate/core";
import {
  type ActiveRuns,
  isBacklog,
  NEW_RECORD,
  needsOf,
  needsPool,
  PoolChoice,
  type PoolDeletion,
  type PoolDraw,
  type PooledHead,
  type Pooling,
  type PoolLine,
  type PoolPosition,
  PoolRooms,
  type PoolState,
} from "@tidegate/core/store";
import { asPoolState, type NeedsCount, type PoolColumns, poolStatus, queueOfNo } from "@tidegate/store-kit";
import type { Statements } from "./statements.js";

interface LineRow {
  readonly pool_needs: string;
  readonly queue: number;
  readonly pool_priority: number;
  readonly operator: string;
  readonly pool_key: string;
}

/** Most groups that are named as those that use a pool. */
const MOST_NAMED = 3;

const READY = "pool_needs IS NOT NULL AND place = 'ready'";
const ACTIVE = "pool_needs IS NOT NULL AND place = 'active'";

const IS_USED =
  "SELECT 1 FROM schedule_version INDEXED BY version_pooled WHERE pool_needs IS NOT NULL LIMIT 1";

const SET = `INSERT INTO pool (name, slots, per_second, backfill_share, reserve_after_ms, version, record)
  VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT (name) DO UPDATE SET slots = excluded.slots, per_second = excluded.per_second,
    backfill_share = excluded.backfill_share, reserve_after_ms = excluded.reserve_after_ms, version = version + 1`;

/** The columns of a line, in the order of their index. */
const COLUMNS = ["pool_needs", "queue", "pool_priority", "operator", "pool_key"] as const;

/**
 * Finds the first line after those that share the first columns. SQLite reads a comparison of all of them at once
 * from the first entry of the line that it is given, which may have many.
 */
const LINE_AFTER = COLUMNS.map((column, shared) => {
  const equal = COLUMNS.slice(0, shared).map((one) => `AND ${one} = ?`);
  return `SELECT ${COLUMNS.join(", ")} FROM run INDEXED BY run_pool_line
    WHERE ${READY} ${equal.join(" ")} AND ${column} > ? ORDER BY ${COLUMNS.slice(shared).join(", ")} LIMIT 1`;
});

const HEADS = `SELECT id, kind, ready_at AS readyAt, pool_weight AS fairnessWeight FROM run INDEXED BY run_pool_line
  WHERE ${READY} AND pool_needs = ? AND queue = ? AND pool_priority = ? AND operator = ? AND pool_key = ?
  ORDER BY ready_at, id LIMIT ?`;

const ACTIVE_RUNS = `SELECT pool_needs AS needs, queue, kind, count(*) AS runs FROM run INDEXED BY run_pool_active
  WHERE ${ACTIVE} GROUP BY pool_needs, queue, kind`;

const WAITING_RUNS = `SELECT pool_needs AS needs, count(*) AS runs FROM run INDEXED BY run_pool_line
  WHERE ${READY} GROUP BY pool_needs`;

const USERS = `SELECT v.pool_needs AS needs FROM schedule_version v INDEXED BY version_pooled WHERE v.pool_needs IS NOT NULL
  AND (EXISTS (SELECT 1 FROM schedule s WHERE s.no = v.schedule_no AND s.version = v.version AND s.status <> 'DELETED')
    OR EXISTS (SELECT 1 FROM run r WHERE r.group_no = v.schedule_no AND r.schedule_version = v.version AND r.state = 'PLANNED'))`;

/** The pools, and the runs that they choose. A run that needs none costs nothing here. */
export class Pools {
  readonly #statements: Statements;
  #isUsed = false;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.reread();
  }

  /** Whether any schedule needs pools or has a priority, or had when the store was opened. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  reread(): void {
    this.#isUsed = this.#statements.get(IS_USED) !== undefined;
  }

  /** Notes how the runs of a version are chosen. */
  insertPooling(scheduleNo: number, version: number, pooling: Pooling): void {
    this.#isUsed = true;
    this.#statements.run(
      `UPDATE schedule_version SET pool_needs = ?, pool_priority = ?, pool_key = ?, pool_weight = ?
        WHERE schedule_no = ? AND version = ?`,
      pooling.needs,
      pooling.priority,
      pooling.fairnessKey,
      pooling.fairnessWeight,
      scheduleNo,
      version,
    );
  }

  set({ name, slots, perSecond, backfillShare, reserveAfterMs }: Pool): void {
    const record = JSON.stringify(NEW_RECORD);
    this.#statements.run(SET, name, slots, perSecond, backfillShare, reserveAfterMs, record);
  }

  list(): PoolStatus[] {
    const active = this.#activeRuns();
    const waiting = this.#statements.all<NeedsCount>(WAITING_RUNS);
    return this.#states().map(({ pool }) => poolStatus(pool, active, waiting));
  }

  delete(name: string): PoolDeletion {
    const [found] = this.#statements.all("SELECT 1 FROM pool WHERE name = ?", name);
    if (found === undefined) return "unknown";
    const users = this.#statements.all<{ needs: string }>(USERS);
    if (users.some(({ needs }) => needsPool(needs, name))) return "used";
    this.#statements.run("DELETE FROM pool WHERE name = ?", name);
    return "deleted";
  }

  /** Begins to choose ready runs. */
  choice(scope: { readonly operators: readonly string[]; readonly now: EpochMs }, limit: number): PoolChoice {
    const pools = this.#states();
    const active = this.#activeRuns();
    return new PoolChoice({ pools, active, lines: this.#lines(new PoolRooms(pools, active), limit) }, scope);
  }

  /** Writes what was chosen. */
  draw(draws: readonly PoolDraw[]): void {
    for (const { name, record } of draws)
      this.#statements.run(
        "UPDATE pool SET record = ?, version = version + 1 WHERE name = ?",
        JSON.stringify(record),
        name,
      );
  }

  positionsOf(runId: string): PoolPosition[] {
    const run = this.#statements.get<{ needs: string; priority: number; ready_at: number }>(
      `SELECT pool_needs AS needs, pool_priority AS priority, ready_at FROM run WHERE id = ? AND ${READY}`,
      runId,
    );
    if (run === undefined) return [];
    const pools = this.list();
    return needsOf(run.needs).map(({ name, slots }) => {
      const isOfPool = `instr(pool_needs, '"${name}":') > 0`;
      const before = this.#statements.get<{ runs: number }>(
        `SELECT count(*) AS runs FROM run INDEXED BY run_pool_line
          WHERE ${READY} AND ${isOfPool} AND (pool_priority, ready_at, id) < (?, ?, ?)`,
        run.priority,
        run.ready_at,
        runId,
      );
      const usedBy = this.#statements.all<{ group_id: string }>(
        `SELECT DISTINCT s.group_id FROM run r INDEXED BY run_pool_active JOIN schedule s ON s.no = r.group_no
          WHERE ${ACTIVE} AND ${isOfPool} ORDER BY s.group_id LIMIT ${MOST_NAMED}`,
      );
      return {
        name,
        needs: slots,
        pool: pools.find((pool) => pool.name === name),
        before: before?.runs ?? 0,
        usedBy: usedBy.map(({ group_id }) => group_id),
      };
    });
  }

  #states(): PoolState[] {
    return this.#statements.all<PoolColumns>("SELECT * FROM pool ORDER BY name").map(asPoolState);
  }

  #activeRuns(): ActiveRuns[] {
    return this.#statements
      .all<NeedsCount & { queue: number; kind: RunKind }>(ACTIVE_RUNS)
      .map(({ needs, queue, kind, runs }) => ({
        needs,
        isBacklog: isBacklog({ kind, queue: queueOfNo(queue) }),
        runs,
      }));
  }

  /** Returns the lines of ready runs; a line of which every pool is full is passed over with all that need the same. */
  #lines(rooms: PoolRooms, limit: number): PoolLine[] {
    const lines: PoolLine[] = [];
    let row = this.#statements.get<LineRow>(LINE_AFTER[0]!, "");
    while (row !== undefined) {
      const { pool_needs, queue, pool_priority: priority, operator, pool_key } = row;
      const most = rooms.mostOf(pool_needs, limit);
      if (most > 0) {
        const heads = this.#statements.all<PooledHead>(
          HEADS,
          pool_needs,
          queue,
          priority,
          operator,
          pool_key,
          most,
        );
        lines.push({
          needs: pool_needs,
          queue: queueOfNo(queue),
          priority,
          operator,
          fairnessKey: pool_key,
          heads,
        });
      }
      row = this.#lineAfter(row, most > 0 ? COLUMNS.length : 1);
    }
    return lines;
  }

  /** Returns the next line that differs in one of so many first columns. */
  #lineAfter(row: LineRow, columns: number): LineRow | undefined {
    const values = COLUMNS.map((column) => row[column]);
    for (let count = columns; count > 0; count -= 1) {
      const next = this.#statements.get<LineRow>(LINE_AFTER[count - 1]!, ...values.slice(0, count));
      if (next !== undefined) return next;
    }
    return undefined;
  }
}
