import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { SchemaSteps } from "@tidegate/store-kit";
import { aNewSchedule, aPlan, START } from "@tidegate/testkit";
import { sql } from "kysely";
import { Database } from "../src/database.js";
import { migrate, quote, stepsOf } from "../src/migrate.js";
import { PostgresStore } from "../src/postgres-store.js";
import { StoreScene } from "./support/stores.js";

const SCHEMA = "tidegate";
const NOW = START + 1_000_000_000;
const GROUPS = ["orders", "returns", "parcels", "refunds"];

const known = stepsOf(quote(SCHEMA));
const LEAST = Object.values(known).at(-1)!.least;

/** Steps of two releases to come: the first only adds, the second removes what this release reads. */
const adding: SchemaSteps = {
  ...known,
  "9001-priorities": {
    least: LEAST,
    up: async (db) => {
      await sql.raw(`ALTER TABLE ${SCHEMA}.run ADD COLUMN priority integer`).execute(db);
      await sql
        .raw(`CREATE INDEX run_by_priority ON ${SCHEMA}.run (priority, id) WHERE priority IS NOT NULL`)
        .execute(db);
      await sql
        .raw(
          `CREATE FUNCTION ${SCHEMA}.prioritize(the_group text, level integer) RETURNS bigint LANGUAGE sql AS $$
            WITH raised AS (UPDATE ${SCHEMA}.run SET priority = level WHERE group_id = the_group RETURNING 1)
            SELECT count(*) FROM raised $$`,
        )
        .execute(db);
    },
  },
};
const removing: SchemaSteps = {
  ...adding,
  "9002-no-owner": {
    least: "9002-no-owner",
    up: async (db) => {
      await sql.raw(`ALTER TABLE ${SCHEMA}.run DROP COLUMN owner`).execute(db);
    },
  },
};

let scene: StoreScene;

beforeAll(async () => {
  scene = await StoreScene.make();
}, 180_000);

afterAll(() => scene.dispose());

/** Plans the next run of each group, then carries out some. */
async function work(store: PostgresStore): Promise<void> {
  const schedules = await store.getSchedules(GROUPS);
  await store.plan(schedules.map((schedule) => aPlan(schedule!)));
  await carryOut(store);
}

/** Claims and ends runs; returns how many. */
async function carryOut(store: PostgresStore): Promise<number> {
  const claimed = await store.claim({
    owner: "manager",
    operators: ["duckdb"],
    now: NOW,
    leaseUntil: NOW + 60_000,
    limit: 8,
  });
  const ended = await store.changeRuns(
    claimed.map(({ run: { id }, token }) => ({
      id,
      token,
      from: ["SUBMITTING"],
      state: "SUCCEEDED",
      at: NOW,
      isJobOpen: false,
    })),
  );
  return ended.filter(Boolean).length;
}

async function workUntil(store: PostgresStore, isOver: () => boolean): Promise<void> {
  while (!isOver()) await work(store);
}

describe("a schema that a later release has migrated under load", () => {
  it("serves this release's managers, running and restarted, for as long as that release allows", async () => {
    const stores = [await scene.open(), await scene.open()];
    await stores[0]!.insertSchedules(GROUPS.map((groupId) => aNewSchedule({ spec: { groupId } })));
    const later = new Database({
      addresses: { urls: [scene.url], connectTimeoutMs: undefined },
      poolSize: 2,
      connectTimeoutMs: 30_000,
      statementTimeoutMs: 30_000,
    });
    let rounds = 0;
    let isOver = false;
    const load = Promise.all(
      stores.map((store) =>
        workUntil(store, () => {
          rounds += 1;
          return isOver;
        }),
      ),
    );
    await migrate(later, SCHEMA, adding);
    const from = rounds;
    const restarted = new PostgresStore({ connectionString: scene.url });
    await restarted.open();
    while (rounds < from + 40) {
      await work(restarted);
      const [answer] = await later.query<{ count: number }>(
        `SELECT ${SCHEMA}.prioritize('orders', 1) AS count`,
      );
      expect(answer!.count).toBeGreaterThan(0);
    }
    isOver = true;
    await load;
    while ((await carryOut(restarted)) > 0);
    for (const groupId of GROUPS) {
      const { watermark } = (await restarted.getSchedules([groupId]))[0]!;
      const covered = await restarted.coverage(groupId, { lower: START, upper: watermark });
      expect(covered).toMatchObject([{ state: "SUCCEEDED", lower: START }]);
    }
    await restarted.close();

    await migrate(later, SCHEMA, removing);
    await expect(new PostgresStore({ connectionString: scene.url }).open()).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringContaining("9002-no-owner"),
    });
    await later.close();
  });
});

describe("the steps of this release", () => {
  it("name the least release in order, each a step that exists", () => {
    const names = Object.keys(known);
    const least = Object.values(known).map((step) => step.least);
    expect(least).toEqual(least.toSorted());
    expect(least.every((name, index) => names.indexOf(name) <= index && names.includes(name))).toBe(true);
  });
});
