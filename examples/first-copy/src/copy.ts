import { join } from "node:path";
import type { OffsetLimit, ScheduleInfo, TidegateOptions } from "@tidegate/core";
import { createDuckdbOperator, type DuckdbJob } from "@tidegate/operator-duckdb";
import { sqlCursor, sqliteDatabase } from "@tidegate/positions";

/** A shop's orders, and where they are copied to. */
export interface Copy {
  /** Of all its files. */
  readonly folder: string;
}

export const GROUP = "orders";

/** How many orders an increment copies at most. */
export const LIMIT: OffsetLimit = { records: 2_000 };

/** The shop's database. */
export function databaseOf({ folder }: Copy): string {
  return join(folder, "shop.db");
}

/** Where the orders are copied to: one partition for each run. */
export function targetOf({ folder }: Copy): string {
  return join(folder, "lake", "orders");
}

/** The parts with which a manager plans by the keys of the table, and copies their rows. */
export function partsOf(copy: Copy) {
  const path = databaseOf(copy);
  return {
    operators: [createDuckdbOperator({ databases: { shop: { sqlite: path } }, threads: 1 })],
    offsetProviders: [sqlCursor({ databases: { shop: sqliteDatabase({ path }) } })],
  } satisfies Partial<TidegateOptions>;
}

/**
 * Copies a table from its first row on: everything that is there first, and what comes later in increments, second by
 * second, from exactly where the first copy ends.
 */
export function scheduleOf(copy: Copy, limit: OffsetLimit = LIMIT) {
  return {
    groupId: GROUP,
    trigger: { type: "period", every: 1, unit: "second" },
    boundaryType: "OFFSET",
    source: { type: "sql-cursor", database: "shop", table: "orders", column: "id" },
    mode: "full-then-incremental",
    limit,
    job: {
      source: { format: "database", database: "shop", table: "orders", cursorColumn: "id" },
      target: { path: targetOf(copy) },
    } satisfies DuckdbJob,
  } satisfies ScheduleInfo;
}
