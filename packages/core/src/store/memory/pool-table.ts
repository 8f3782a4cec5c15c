import type { EpochMs } from "../../clock/clock.js";
import type { Pool, PoolPosition, PoolStatus } from "../../pool/pool.js";
import {
  type ActiveRuns,
  PoolChoice,
  type PoolDraw,
  type PoolLine,
  PoolRooms,
  type PoolState,
  type PoolsView,
} from "../../pool/pool-choice.js";
import { NEW_RECORD } from "../../pool/pool-ledger.js";
import { isBacklog, needsOf, needsPool } from "../../pool/pooling.js";
import { IndexedHeap } from "./indexed-heap.js";
import type { RunRow } from "./rows.js";
import { compareText } from "./run-position.js";

/** Most groups that are named as those that use a pool. */
const MOST_NAMED = 3;

/** Ready runs among which only the order of admission decides. */
interface Line extends Omit<PoolLine, "heads"> {
  readonly rows: IndexedHeap<RunRow>;
}

/** The pools, and the ready and active runs that need them. */
export class PoolTable {
  readonly #pools = new Map<string, PoolState>();
  readonly #lines = new Map<string, Line>();
  readonly #ready = new Set<RunRow>();
  readonly #active = new Set<RunRow>();

  set(pool: Pool): void {
    const { version, record } = this.#pools.get(pool.name) ?? { version: 0, record: NEW_RECORD };
    this.#pools.set(pool.name, { pool: { ...pool }, version: version + 1, record });
  }

  has(name: string): boolean {
    return this.#pools.has(name);
  }

  delete(name: string): void {
    this.#pools.delete(name);
  }

  list(): PoolStatus[] {
    return [...this.#pools.keys()].sort(compareText).map((name) => this.#statusOf(name)!);
  }

  /** Returns the line of a ready run that needs pools or has a priority. */
  lineOf({ run, queue, pooling }: RunRow): IndexedHeap<RunRow> {
    const { needs, priority, fairnessKey } = pooling!;
    const key = JSON.stringify([needs, queue, priority, run.operator, fairnessKey]);
    const known = this.#lines.get(key);
    if (known !== undefined) return known.rows;
    const rows = new IndexedHeap<RunRow>(
      ({ run: a }, { run: b }) => a.readyAt! - b.readyAt! || compareText(a.id, b.id),
    );
    this.#lines.set(key, { needs, queue, priority, operator: run.operator, fairnessKey, rows });
    return rows;
  }

  enter(row: RunRow): void {
    if (row.run.place === "ready") this.#ready.add(row);
    if (row.run.place === "active") this.#active.add(row);
  }

  leave(row: RunRow): void {
    this.#ready.delete(row);
    this.#active.delete(row);
  }

  /** Returns whether any run waits here. */
  get isEmpty(): boolean {
    return this.#ready.size === 0;
  }

  /** Begins to choose runs. */
  choice(scope: { readonly operators: readonly string[]; readonly now: EpochMs }, limit: number): PoolChoice {
    return new PoolChoice(this.#view(limit), scope);
  }

  /** Writes what was chosen. */
  draw(draws: readonly PoolDraw[]): void {
    for (const { name, version, record } of draws) {
      const { pool } = this.#pools.get(name)!;
      this.#pools.set(name, { pool, version: version + 1, record });
    }
  }

  positionsOf({ run, pooling }: Pick<RunRow, "run" | "pooling">): PoolPosition[] {
    if (pooling === undefined || run.place !== "ready") return [];
    const isBefore = (other: RunRow): boolean => comparePlaces(other, { run, pooling }) < 0;
    return needsOf(pooling.needs).map(({ name, slots }) => {
      const needing = (rows: Iterable<RunRow>): RunRow[] =>
        [...rows].filter((row) => needsPool(row.pooling!.needs, name));
      const users = new Set(needing(this.#active).map((row) => row.run.groupId));
      return {
        name,
        needs: slots,
        pool: this.#statusOf(name),
        before: needing(this.#ready).filter(isBefore).length,
        usedBy: [...users].sort(compareText).slice(0, MOST_NAMED),
      };
    });
  }

  #view(limit: number): PoolsView {
    const pools = [...this.#pools.values()];
    const active = this.#activeRuns();
    const rooms = new PoolRooms(pools, active);
    const lines: PoolLine[] = [];
    for (const [key, { rows, ...line }] of this.#lines) {
      if (rows.peek() === undefined) this.#lines.delete(key);
      else lines.push({ ...line, heads: headsOf(rows, rooms.mostOf(line.needs, limit)) });
    }
    return { pools, active, lines };
  }

  #activeRuns(): ActiveRuns[] {
    return [...this.#active].map(({ run, queue, pooling }) => ({
      needs: pooling!.needs,
      isBacklog: isBacklog({ kind: run.kind, queue }),
      runs: 1,
    }));
  }

  #statusOf(name: string): PoolStatus | undefined {
    const state = this.#pools.get(name);
    if (state === undefined) return undefined;
    const needing = (rows: Iterable<RunRow>): RunRow[] =>
      [...rows].filter((row) => needsPool(row.pooling!.needs, name));
    const active = needing(this.#active);
    const slotsOf = ({ pooling }: RunRow): number =>
      needsOf(pooling!.needs).find((use) => use.name === name)!.slots;
    return {
      ...state.pool,
      used: active.reduce((sum, row) => sum + slotsOf(row), 0),
      activeRuns: active.length,
      waitingRuns: needing(this.#ready).length,
    };
  }
}

function headsOf(rows: IndexedHeap<RunRow>, most: number): PoolLine["heads"] {
  const heads: PoolLine["heads"][number][] = [];
  for (const { run, pooling } of rows.ascending()) {
    if (heads.length >= most) break;
    heads.push({
      id: run.id,
      kind: run.kind,
      readyAt: run.readyAt!,
      fairnessWeight: pooling!.fairnessWeight,
    });
  }
  return heads;
}

function comparePlaces(a: Pick<RunRow, "run" | "pooling">, b: Pick<RunRow, "run" | "pooling">): number {
  return (
    a.pooling!.priority - b.pooling!.priority ||
    a.run.readyAt! - b.run.readyAt! ||
    compareText(a.run.id, b.run.id)
  );
}
