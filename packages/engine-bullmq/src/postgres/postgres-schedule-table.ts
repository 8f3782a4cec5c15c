import type { EpochMs } from "@tidegate/core";
import type { EngineEntry } from "@tidegate/core/engine";
import { definitionOf, type FiredSchedule } from "../definition.js";
import type { EngineSettings } from "../options.js";
import {
  type DueFire,
  type Look,
  MOST_CALLS,
  type MovedFire,
  OFFICE_MS,
  type ScheduleTable,
  type TakenBatch,
} from "../schedule-table.js";
import type { Database } from "./database.js";
import { type Statements, statementsOn } from "./statements.js";

/** Number of schedules per statement: few enough not to hold up others, many enough to be fast. */
const CHUNK = 2_000;

const PAGE = 1_000;

/** Number of fires after which dead rows are vacuumed: about as many as do not slow anything down yet. */
const FIRES_LEFT = 10_000;

/** Longer than anybody waits between checks, ms. */
const DAY_MS = 86_400_000;

interface LookRow {
  readonly isTicker: boolean;
  readonly leftMs: number;
  readonly due: number;
  readonly waiting: number;
  readonly firstInMs: number | null;
  readonly dataId: string;
}

interface TakenRow {
  readonly groupId: string;
  readonly version: number;
  readonly delayMs: number;
  readonly fireAt: EpochMs;
  readonly leasedUntil: EpochMs;
}

/**
 * The schedules in Postgres: one row each, changed by single statements, so that no lock is held over a round
 * trip.
 */
export class PostgresScheduleTable implements ScheduleTable {
  readonly #database: Database;
  readonly #settings: EngineSettings;
  readonly #queueName: string;
  readonly #statements: Statements;
  #lastWrite: Promise<void> = Promise.resolve();
  /** Number of fires seen due since the last vacuum. */
  #seenDue = 0;
  #isClearing = false;

  constructor(database: Database, settings: EngineSettings, queueName: string) {
    this.#database = database;
    this.#settings = settings;
    this.#queueName = queueName;
    this.#statements = statementsOn(database.schema);
  }

  register(schedules: readonly FiredSchedule[]): Promise<void> {
    return this.#inOrder(() => this.#register(schedules));
  }

  unregister(groupIds: readonly string[]): Promise<void> {
    return this.#inOrder(async () => {
      for (const chunk of chunksOf(groupIds)) await this.#run("unregister", chunk);
    });
  }

  async #register(schedules: readonly FiredSchedule[]): Promise<void> {
    for (const chunk of chunksOf(schedules)) {
      const fires = chunk.map((schedule) => ({
        groupId: schedule.groupId,
        definition: definitionOf(schedule),
      }));
      await this.#run("register", ...columnsOf(fires));
    }
  }

  hasten(moves: readonly MovedFire[]): Promise<void> {
    return this.#inOrder(async () => {
      for (const chunk of chunksOf(moves)) {
        const columns = [chunk.map(({ groupId }) => groupId), chunk.map(({ fireAt }) => fireAt)];
        await this.#run("hasten", ...columns);
      }
    });
  }

  async *list(): AsyncGenerator<EngineEntry> {
    let after = "";
    for (;;) {
      const page = await this.#run<EngineEntry>("list", after, PAGE);
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)!.groupId;
    }
  }

  async look(owner: string, now: EpochMs): Promise<Look> {
    const { batchSize } = this.#settings;
    const counted = batchSize * MOST_CALLS;
    const [row] = await this.#run<LookRow>("look", owner, OFFICE_MS, now, counted, this.#queueName);
    const { isTicker, leftMs, due, waiting, firstInMs, dataId } = row!;
    const data = { id: dataId, revision: 0 };
    if (!isTicker) return { isTicker, calls: 0, idleMs: Math.max(0, leftMs), data };
    this.#clearAfter(due);
    const calls = Math.max(0, Math.ceil(due / batchSize) - waiting);
    if (due > 0) return { isTicker, calls, idleMs: 0, data };
    return { isTicker, calls: 0, idleMs: firstInMs === null ? undefined : Math.min(firstInMs, DAY_MS), data };
  }

  async resign(owner: string): Promise<void> {
    await this.#run("resign", owner);
  }

  async take(now: EpochMs): Promise<TakenBatch> {
    const { leaseMs, batchSize } = this.#settings;
    const rows = await this.#run<TakenRow>("take", now, leaseMs, batchSize);
    const fires = rows.map(({ groupId, version, delayMs, fireAt }) => ({
      groupId,
      definition: { version, delayMs, fireAt },
    }));
    return { fires, leasedUntil: rows[0]?.leasedUntil ?? 0 };
  }

  async settle({ fires, leasedUntil }: TakenBatch, nextFireAts: readonly (EpochMs | null)[]): Promise<void> {
    await this.#run("settle", leasedUntil, ...columnsOf(fires), nextFireAts);
  }

  async postpone({ fires, leasedUntil }: TakenBatch, ms: number): Promise<TakenBatch> {
    type Row = Pick<TakenBatch, "leasedUntil">;
    const [row] = await this.#run<Row>("postpone", leasedUntil, ...columnsOf(fires), ms);
    return { fires, leasedUntil: row!.leasedUntil };
  }

  /** Keeps writes in order: the latest counts, and could be overtaken on another connection of the pool. */
  #inOrder(write: () => Promise<void>): Promise<void> {
    const written = this.#lastWrite.then(write);
    this.#lastWrite = written.catch(() => {});
    return written;
  }

  /** Only the ticker vacuums, so one process does. Nobody waits for it. */
  #clearAfter(due: number): void {
    this.#seenDue += due;
    if (this.#seenDue < FIRES_LEFT || this.#isClearing) return;
    this.#seenDue = 0;
    this.#isClearing = true;
    // If it fails, autovacuum does so later.
    void this.#run("clear")
      .catch(() => {})
      .finally(() => {
        this.#isClearing = false;
      });
  }

  #run<Row>(name: keyof Statements, ...values: readonly unknown[]): Promise<Row[]> {
    return this.#database.query<Row>(this.#statements[name], values);
  }
}

/** Returns group ids, versions, delays and due times, an array each, as `unnest` takes them. */
function columnsOf(fires: readonly DueFire[]): unknown[][] {
  return [
    fires.map(({ groupId }) => groupId),
    fires.map(({ definition }) => definition.version),
    fires.map(({ definition }) => definition.delayMs),
    fires.map(({ definition }) => definition.fireAt),
  ];
}

function* chunksOf<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += CHUNK) yield items.slice(from, from + CHUNK);
}
