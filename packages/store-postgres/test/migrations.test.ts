import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { aSpec, MINUTE, minute, START } from "@tidegate/testkit";
import { Database } from "../src/database.js";
import { migrate, quote, stepsOf } from "../src/migrate.js";
import { PostgresStore } from "../src/postgres-store.js";
import { StoreScene } from "./support/stores.js";

const SCHEMA = `Old "one"`;

let scene: StoreScene;

beforeAll(async () => {
  scene = await StoreScene.make();
}, 180_000);

afterAll(() => scene.dispose());

/** A run in each condition, as the first schema had it. */
const OLD_RUNS: readonly {
  id: string;
  kind?: string;
  state: string;
  token?: number;
  wakeAt?: number;
  isBlocking?: boolean;
}[] = [
  { id: "done", state: "SUCCEEDED", token: 1 },
  { id: "blocks", state: "FAILED", token: 1, isBlocking: true },
  { id: "active", state: "RUNNING", token: 3, wakeAt: START + 9 },
  { id: "retry", state: "PLANNED", token: 2, wakeAt: START + 7 },
  { id: "fresh", kind: "MANUAL", state: "PLANNED", wakeAt: 0 },
  { id: "waits", state: "PLANNED" },
];

async function makeOldSchema(connectionString: string): Promise<void> {
  const s = quote(SCHEMA);
  const database = new Database({
    addresses: { urls: [connectionString], connectTimeoutMs: undefined },
    poolSize: 1,
    connectTimeoutMs: 30_000,
    statementTimeoutMs: 30_000,
  });
  await migrate(database, SCHEMA, { "0001-initial": stepsOf(s)["0001-initial"]! });
  // A function that the first release had; a manager that still calls it must fail.
  await database.query(
    `CREATE FUNCTION ${s}.claim(text, bigint, bigint, integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'`,
  );
  await database.query(
    `INSERT INTO ${s}.schedule VALUES ('orders', 1, 'REGISTERED', NULL, 'embedded', '{}', ${START}, 0, 0)`,
  );
  await database.query(
    `INSERT INTO ${s}.schedule_state VALUES ('orders', 1, true, ${minute(5).upper}, NULL, 0, 2, 2, 1, 1, ${MINUTE})`,
  );
  const spec = JSON.stringify(aSpec({ operator: "DuckDB", job: { operator: "other", note: "\u0000" } }));
  await database.query(
    `INSERT INTO ${s}.schedule_version VALUES ('orders', 1, $1, '2025c', ${START}, 0, 0)`,
    [spec],
  );
  for (const [index, run] of OLD_RUNS.entries()) {
    const { lower, upper } = minute(index);
    const { id, kind = "SCHEDULED", state, token = 0, wakeAt = null, isBlocking = false } = run;
    await database.query(
      `INSERT INTO ${s}.run (group_id, lower, generation, upper, id, kind, intervals, scheduled_time, state, schedule_version,
        attempt, token, wake_at, is_blocking, planned_at)
        VALUES ('orders', $1, 0, $2, $3, $4, 1, $2, $5, 1, $6::integer, $6::integer, $7, $8, $2)`,
      [lower, upper, id, kind, state, token, wakeAt, isBlocking],
    );
  }
  await database.close();
}

describe("a database of the first schema", () => {
  it("has all its runs where they stood, and goes on", async () => {
    await makeOldSchema(scene.url);
    const store = new PostgresStore({ connectionString: scene.url, schema: SCHEMA });
    await store.open();
    expect(await store.getRuns(OLD_RUNS.map(({ id }) => id))).toMatchObject([
      { place: "none", isJobOpen: false, operator: "duckdb", readyAt: null, leaseUntil: null, wait: null },
      { place: "blocking", isJobOpen: false },
      { place: "active", isJobOpen: true, leaseUntil: START + 9 },
      { place: "ready", readyAt: START + 7 },
      { place: "ready", readyAt: minute(4).upper },
      { place: "waiting", wait: { reason: "lane", since: minute(5).upper } },
    ]);
    const request = { owner: "me", operators: ["duckdb"], now: START + 9, leaseUntil: START + 99, limit: 9 };
    const claimed = await store.claim(request);
    expect(claimed.map(({ run }) => run.id)).toEqual(["active", "retry", "fresh"]);
    const [functions] = await scene.server.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM pg_proc WHERE proname = 'claim' AND pronargs = 4
        AND pronamespace::regnamespace::text LIKE '%Old%'`,
      scene.url,
    );
    expect(functions!.count).toBe(0);
    await store.close();
  });
});
