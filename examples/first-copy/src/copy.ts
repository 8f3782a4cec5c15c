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

/** How many orders one run copies at most. */
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
 * Copies a table from its first row on: what is there when it is registered is cut into runs of the limit's size, and
 * what comes later follows, second by second.
 */
export function scheduleOf(copy: Copy, limit: OffsetLimit = LIMIT) {
  return {
    groupId: GROUP,
    trigger: { type: "period", every: 1, unit: "second" },
    boundaryType: "OFFSET",
    source: { type: "sql-cursor", database: "shop", table: "orders", column: "id" },
    startAt: "earliest",
    limit,
    job: {
      source: { format: "database", database: "shop", table: "orders", cursorColumn: "id" },
      target: { path: targetOf(copy) },
    } satisfies DuckdbJob,
  } satisfies ScheduleInfo;
}
