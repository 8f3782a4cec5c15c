import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createTidegate, type Tidegate } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator, type JobFunction } from "@tidegate/operator-function";
import { until } from "@tidegate/testkit";
import { filePositions, sqlCursor, sqliteDatabase } from "../src/index.js";

const SECOND = 1_000;

let folder: string;
let clock: VirtualClock;
let tidegate: Tidegate;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "whole-"));
  // Near the machine's time, which files have.
  clock = new VirtualClock({ start: Math.floor(Date.now() / SECOND) * SECOND });
});
afterEach(async () => {
  await tidegate.stop();
  rmSync(folder, { recursive: true });
});

/** Starts a Tidegate with a group that is read each second by a function. */
async function reading(source: OffsetSource, load: JobFunction, more: object = {}): Promise<void> {
  tidegate = createTidegate({
    store: new MemoryStore(),
    clock,
    engines: [embeddedEngine()],
    operators: [functionOperator({ load })],
    offsetProviders: [
      sqlCursor({ databases: { shop: sqliteDatabase({ path: join(folder, "shop.db") }) } }),
      filePositions({ roots: { lake: folder } }),
    ],
  });
  await tidegate.start();
  await tidegate.client.register({
    groupId: "orders",
    trigger: { type: "period", every: 1, unit: "second" },
    startTime: clock.now(),
    boundaryType: "OFFSET",
    startAt: "earliest",
    source,
    ...more,
  });
}

/** Lets fires pass until something has happened; reading a folder takes time that the clock does not know. */
async function nextFires(isDone: () => boolean): Promise<void> {
  await until(async () => {
    if (!isDone()) await clock.advance(SECOND);
    return isDone();
  });
}

describe("a table that grows", () => {
  let database: DatabaseSync;
  beforeEach(() => {
    database = new DatabaseSync(join(folder, "shop.db"));
    database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)");
  });
  afterEach(() => database.close());

  const insert = (count: number): void => {
    for (let left = count; left > 0; left -= 1) database.exec("INSERT INTO orders (name) VALUES ('x')");
  };

  it("is read once and whole, in runs of the size that was asked, and the ledger proves it", async () => {
    const parts: number[][] = [];
    const load: JobFunction = async ({ offsets }) => {
      const { lower, upper } = offsets!;
      const rows = database.prepare(`SELECT id FROM orders WHERE id >= ${lower.main} AND id < ${upper.main}`);
      parts.push(rows.all().map(({ id }) => id as number));
    };
    insert(7);
    await reading({ type: "sql-cursor", table: "orders", column: "id" }, load, {
      limit: { records: 3 },
    });
    await nextFires(() => parts.length === 3);
    insert(2);
    database.exec("DELETE FROM orders WHERE id = 9");
    await nextFires(() => parts.length === 4);
    insert(1);
    await nextFires(() => parts.length === 5);
    expect(parts).toEqual([[1, 2, 3], [4, 5, 6], [7], [8], [10]]);
    const { gaps, offsets } = await tidegate.client.audit("orders");
    expect(gaps).toEqual([]);
    expect(offsets).toMatchObject([
      { epoch: 1, partitions: [{ partition: "main", gaps: [], overlaps: [], lost: [], unread: [] }] },
    ]);
  });
});

describe("a folder that grows", () => {
  it("is read in the order of its names, and holds the group while there is a file below what was read", async () => {
    const inbox = join(folder, "inbox");
    mkdirSync(inbox);
    const read: string[] = [];
    const load: JobFunction = async ({ offsets }) => {
      const { lower, upper } = offsets!;
      const names = readdirSync(inbox).sort();
      read.push(...names.filter((name) => name >= lower.main! && name < upper.main!));
    };
    const write = (name: string): number => {
      writeFileSync(join(inbox, name), "");
      return statSync(join(inbox, name)).ctimeMs;
    };
    for (const name of ["0002.csv", "0004.csv"]) write(name);
    await reading({ type: "files", path: "inbox", stableForMs: 1_000 }, load);
    const troubles: string[] = [];
    tidegate.events.on("trouble", ({ error }) => troubles.push(error.message));
    await nextFires(() => read.length === 2);
    const lookedAt = clock.now();
    await until(() => write("0003.csv") > lookedAt - 1_000);
    const late = /^The file inbox\/0003.csv appeared or changed at .+, behind files that had been read/;
    await nextFires(() => troubles.some((message) => late.test(message)));
    renameSync(join(inbox, "0003.csv"), join(inbox, "0005.csv"));
    await nextFires(() => read.length === 3);
    expect(read).toEqual(["0002.csv", "0004.csv", "0005.csv"]);
  });
});
