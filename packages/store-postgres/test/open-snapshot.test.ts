import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ClaimRequest } from "@tidegate/core/store";
import { aNewSchedule, aPlan, MINUTE, START } from "@tidegate/testkit";
import { Client } from "pg";
import { ClaimFloors } from "../src/claim-floors.js";
import { Database } from "../src/database.js";
import { claim } from "../src/leases.js";
import type { PostgresStore } from "../src/postgres-store.js";
import { StoreScene } from "./support/stores.js";

const SCHEMA = '"tidegate"';
const BATCH = 64;
/** Between two claims, ms: 320 runs are claimed in a second. */
const PACE = 200;
const GROUPS = Array.from({ length: BATCH }, (_, index) => `group-${index}`);

/** A database that also has each statement explained, and undone, before it runs it. */
class ExplainingDatabase extends Database {
  /** How many pages the last statement touched. */
  pages = 0;
  readonly #client: Client;

  constructor(connectionString: string, client: Client) {
    super({
      addresses: { urls: [connectionString], connectTimeoutMs: undefined },
      poolSize: 1,
      connectTimeoutMs: 30_000,
      statementTimeoutMs: 30_000,
    });
    this.#client = client;
  }

  override async query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    await this.#client.query("BEGIN");
    const { rows } = await this.#client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`, [...values]);
    await this.#client.query("ROLLBACK");
    const plan = rows[0]["QUERY PLAN"][0].Plan;
    this.pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
    return super.query<Row>(text, values);
  }
}

let scene: StoreScene;
let explainer: Client;
let reader: Client;
let database: ExplainingDatabase;

beforeAll(async () => {
  scene = await StoreScene.make(["autovacuum=off"]);
  explainer = new Client({ connectionString: scene.url });
  await explainer.connect();
  reader = new Client({ connectionString: scene.url });
  await reader.connect();
  database = new ExplainingDatabase(scene.url, explainer);
}, 180_000);

afterAll(async () => {
  await explainer.end();
  await reader.end();
  await database.close();
  await scene.dispose();
});

const request = (now: number): ClaimRequest => ({
  owner: "manager",
  operators: ["duckdb"],
  now,
  leaseUntil: now + 1_000,
  limit: BATCH,
});

/** Plans a run of each group at an instant, claims them, and ends them. Returns how many pages the claim touched. */
async function live(store: PostgresStore, floors: ClaimFloors, turn: number): Promise<number> {
  const now = START + 1_000 * MINUTE + turn * PACE;
  const watermark = START + turn * MINUTE;
  await store.plan(
    GROUPS.map((groupId) =>
      aPlan({ ...aNewSchedule({ spec: { groupId } }), version: 1, watermark }, { plannedAt: now }),
    ),
  );
  const { claimed } = await claim(database, SCHEMA, floors, turn, request(now));
  const { pages } = database;
  expect(claimed).toHaveLength(BATCH);
  await store.changeRuns(
    claimed.map(({ run: { id }, token }) => ({
      id,
      token,
      from: ["SUBMITTING"],
      state: "SUCCEEDED",
      at: now,
      isJobOpen: false,
    })),
  );
  return pages;
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

describe("a snapshot that stays open", () => {
  it("leaves claims at less than twice their usual cost, and hides no run", async () => {
    const store = await scene.open();
    await store.insertSchedules(GROUPS.map((groupId) => aNewSchedule({ spec: { groupId } })));
    const floors = new ClaimFloors();
    let turn = 0;
    const lives = async (count: number): Promise<number[]> => {
      const pages: number[] = [];
      for (const end = turn + count; turn < end; turn += 1) pages.push(await live(store, floors, turn));
      return pages;
    };
    await lives(10);
    const usual = mean(await lives(10));
    await reader.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    await reader.query("SELECT count(*) FROM tidegate.run");
    await lives(100);
    // As autovacuum does, which finds hardly any run ready.
    await explainer.query("ANALYZE tidegate.run");
    const pages = await lives(40);
    expect(mean(pages)).toBeLessThan(2 * usual);

    // Without floors each of them reads the entry of every run since.
    const whole = new ClaimFloors();
    await claim(database, SCHEMA, whole, 0, request(START + 2_000 * MINUTE));
    expect(database.pages).toBeGreaterThan(BATCH * 100);

    // A queue has two turns in a claim, which reads those entries once.
    const { rows } = await explainer.query<{ due_at: string }>(
      `SELECT due_at FROM ${SCHEMA}.claim('manager', '{duckdb}', ${START}, ${START}, ${BATCH}, 0, $1, 0)`,
      [Array.from({ length: 3 }, () => Number.MIN_SAFE_INTEGER)],
    );
    const read = Number(rows[0]!.due_at);
    expect(read).toBeGreaterThan(BATCH * 100);
    expect(read).toBeLessThan(1.2 * BATCH * turn);
  });
});
