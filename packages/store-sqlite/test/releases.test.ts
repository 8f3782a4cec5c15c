import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { SchemaSteps } from "@tidegate/store-kit";
import { sql } from "kysely";
import { migrate, STEPS } from "../src/migrate.js";
import { SqliteStore } from "../src/sqlite-store.js";
import { newSchedule, planOf, temporaryDirectory } from "./support/stores.js";

/** Steps of two releases to come: the first only adds, the second removes what this release reads. */
const adding: SchemaSteps = {
  ...STEPS,
  "9001-priorities": {
    least: Object.values(STEPS).at(-1)!.least,
    up: async (db) => {
      await sql`ALTER TABLE run ADD COLUMN priority INTEGER`.execute(db);
      await sql`CREATE INDEX run_by_priority ON run (priority) WHERE priority IS NOT NULL`.execute(db);
    },
  },
};
const removing: SchemaSteps = {
  ...adding,
  "9002-no-wait": {
    least: "9002-no-wait",
    up: async (db) => {
      await sql`ALTER TABLE run DROP COLUMN wait`.execute(db);
    },
  },
};

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "tidegate.db");
});
afterEach(() => directory.remove());

async function migrateTo(steps: SchemaSteps): Promise<void> {
  const database = new DatabaseSync(path);
  await migrate(database, path, steps);
  database.close();
}

describe("a database that a later release has migrated", () => {
  it("goes on under this release if that one only added to it", async () => {
    const store = new SqliteStore({ path });
    await store.open();
    await store.insertSchedules([newSchedule("orders")]);
    expect(await store.plan([planOf("orders", 0)])).toEqual([true]);
    await store.close();
    await migrateTo(adding);
    await store.open();
    expect(await store.plan([planOf("orders", 1)])).toEqual([true]);
    expect(await store.coverage("orders")).toMatchObject([{ state: "PLANNED", runs: 2 }]);
    await store.close();
    await migrateTo(adding);
  });

  it("is refused with STORE_NEWER, and left as it is, if that one removed what this one needs", async () => {
    const store = new SqliteStore({ path });
    await store.open();
    await store.close();
    await migrateTo(removing);
    await expect(store.open()).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringContaining("9002-no-wait"),
    });
    await migrateTo(removing);
  });

  it("is refused if it lacks a step of this one", async () => {
    const { "0001-initial": first, ...rest } = adding;
    const [last] = Object.entries(rest).slice(-1);
    await migrateTo({ "0001-initial": first!, [last![0]]: last![1] });
    await expect(new SqliteStore({ path }).open()).rejects.toMatchObject({ code: "STORE_NEWER" });
  });
});
