import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { aSpec, MINUTE, minute, START } from "@tidegate/testkit";
import { migrate, STEPS } from "../src/migrate.js";
import { SqliteStore } from "../src/sqlite-store.js";
import { temporaryDirectory } from "./support/stores.js";

let directory: ReturnType<typeof temporaryDirectory>;
let path: string;

beforeEach(() => {
  directory = temporaryDirectory();
  path = join(directory.path, "old.db");
});

afterEach(() => directory.remove());

/** A run in each condition, as the first schema had it. */
const OLD_RUNS: readonly {
  id: string;
  kind?: string;
  state: string;
  token?: number;
  wakeAt?: number;
  isBlocking?: number;
}[] = [
  { id: "done", state: "SUCCEEDED", token: 1 },
  { id: "blocks", state: "FAILED", token: 1, isBlocking: 1 },
  { id: "active", state: "RUNNING", token: 3, wakeAt: START + 9 },
  { id: "retry", state: "PLANNED", token: 2, wakeAt: START + 7 },
  { id: "fresh", kind: "MANUAL", state: "PLANNED", wakeAt: 0 },
  { id: "waits", state: "PLANNED" },
];

async function makeOldDatabase(): Promise<void> {
  const database = new DatabaseSync(path);
  await migrate(database, path, { "0001-initial": STEPS["0001-initial"]! });
  database.exec(`INSERT INTO schedule VALUES (1, 'orders', 1, 'REGISTERED', NULL, 'embedded', ${START}, 0, 0);
    INSERT INTO schedule_state VALUES (1, 1, 1, ${minute(5).upper}, NULL, 0, 2, ${MINUTE})`);
  const spec = JSON.stringify(aSpec({ operator: "DuckDB", job: { operator: "other", note: "\u0000" } }));
  database.prepare("INSERT INTO schedule_version VALUES (1, 1, ?, '2025c', ?, 0)").run(spec, START);
  const insert = database.prepare(
    `INSERT INTO run (group_no, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version, attempt,
      token, wake_at, is_blocking, is_superseded, is_cancel_requested, planned_at)
      VALUES (1, ?, 0, ?, ?, ?, 1, ?, ?, 1, ?, ?, ?, ?, 0, 0, ?)`,
  );
  for (const [index, run] of OLD_RUNS.entries()) {
    const { lower, upper } = minute(index);
    const { id, kind = "SCHEDULED", state, token = 0, wakeAt = null, isBlocking = 0 } = run;
    insert.run(lower, upper, id, kind, upper, state, token, token, wakeAt, isBlocking, upper);
  }
  database.close();
}

describe("a database of the first schema", () => {
  it("has all its runs where they stood, and goes on", async () => {
    await makeOldDatabase();
    const store = new SqliteStore({ path });
    await store.open();
    expect(await store.getRuns(OLD_RUNS.map(({ id }) => id))).toMatchObject([
      { place: "none", isJobOpen: false, operator: "duckdb", readyAt: null, leaseUntil: null, wait: null },
      { place: "blocking", isJobOpen: false },
      // Nobody holds what a process held that is gone.
      { place: "active", isJobOpen: true, leaseUntil: 0 },
      { place: "ready", readyAt: START + 7 },
      { place: "ready", readyAt: minute(4).upper },
      { place: "waiting", wait: { reason: "lane", since: minute(5).upper } },
    ]);
    const [schedule] = await store.getSchedules(["orders"]);
    expect(schedule).toMatchObject({ admittedRuns: 2, waitingRuns: 1, blockingRuns: 1 });
    const request = { owner: "me", operators: ["duckdb"], now: START + 8, leaseUntil: START + 9, limit: 9 };
    const claimed = await store.claim(request);
    expect(claimed.map(({ run }) => run.id)).toEqual(["active", "retry", "fresh"]);
    await store.close();
  });
});

describe("a database from before late runs were counted", () => {
  it("counts those that it has, by the delays of their versions", async () => {
    await makeOldDatabase();
    const database = new DatabaseSync(path);
    const { "0060-late-runs": _, ...before } = STEPS;
    await migrate(database, path, before);
    database.exec(`UPDATE run SET planned_at = scheduled_time + 61_001 WHERE id IN ('done', 'blocks', 'fresh');
      UPDATE run SET planned_at = scheduled_time + 61_000 WHERE id = 'active';
      UPDATE schedule_version SET spec = json_set(spec, '$.delayMs', 60000)`);
    database.close();
    const store = new SqliteStore({ path });
    await store.open();
    expect((await store.tally("orders", 1_000)).late).toBe(2);
    expect((await store.tally("orders", 999)).late).toBe(3);
    await store.close();
  });
});

describe("a migration that breaks off in the middle of a step", () => {
  it("leaves the database as it was, and is made whole by the next", async () => {
    await makeOldDatabase();
    const before = schemaOf();
    const broken = async (db: Parameters<(typeof STEPS)[string]["up"]>[0]): Promise<void> => {
      await STEPS["0004-long-ledgers"]!.up(db);
      throw new Error("The process ends here.");
    };
    const database = new DatabaseSync(path);
    const steps = { ...STEPS, "0004-long-ledgers": { up: broken, least: "0004-long-ledgers" } };
    await expect(migrate(database, path, steps)).rejects.toThrow("The process ends here.");
    database.close();
    expect(schemaOf()).toEqual(before);

    const store = new SqliteStore({ path });
    await store.open();
    expect(await store.getSchedules(["orders"])).toMatchObject([{ waitingRuns: 1 }]);
    await store.close();
  });
});

/** Returns the statements that made the database. */
function schemaOf(): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const made = database.prepare("SELECT sql FROM sqlite_master ORDER BY rowid").all();
  database.close();
  return made;
}
