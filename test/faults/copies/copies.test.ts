import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { oneOf, seeded } from "../campaign/chance.js";
import { ALL_FAULTS } from "../campaign/faults.js";
import { Fleet } from "../campaign/fleet.js";
import { Cluster } from "../distributed/cluster.js";
import { CopyScene, SOURCE } from "./copy-scene.js";
import { Writers } from "./writers.js";

/** `TIDEGATE_COPY_FAULTS=100` is a long run. */
const FAULTS = Number(process.env.TIDEGATE_COPY_FAULTS ?? 5);
const SEED = Number(process.env.TIDEGATE_SEED ?? Date.now() % 1_000_000);

/** Rows of the table before the first copy begins. */
const FIRST_ROWS = 50_000;

const PATIENCE_MS = 180_000;

/** The faults of managers that use Postgres alone. */
const FITTING = ALL_FAULTS.filter(({ name }) => !name.includes("Redis"));

/** A job that copies the table into another one, by key. */
const UPSERT = {
  source: SOURCE,
  target: { format: "postgres", connection: "shop", table: "copied", write: "upsert", key: ["id"] },
};

let cluster: Cluster;
let scene: CopyScene;
let fleet: Fleet;
let writers: Writers;

beforeAll(async () => {
  cluster = await Cluster.start();
  await cluster.postgres.query(
    `CREATE TABLE orders (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, stamp xid8 NOT NULL DEFAULT pg_current_xact_id(), customer TEXT);
     CREATE INDEX ON orders (stamp);
     CREATE TABLE copied (id BIGINT PRIMARY KEY, stamp xid8, customer TEXT);
     INSERT INTO orders (customer) SELECT 'customer ' || i FROM generate_series(1, ${FIRST_ROWS}) i`,
  );
  scene = new CopyScene(cluster.plainDeployment, {
    sharded: { shards: { target: 3 } },
    whole: {
      mode: "full",
      startAt: "earliest",
      shards: { target: 3 },
      trigger: { type: "period", every: 3, unit: "second" },
    },
    copied: {
      fullEvery: { type: "period", every: 4, unit: "second" },
      job: UPSERT,
    },
    verified: { verify: { rows: "equal", checksum: true } },
  });
  writers = new Writers(cluster.postgres.url());
  writers.start();
  fleet = await Fleet.start(cluster, scene, 2);
}, PATIENCE_MS);

afterAll(async () => {
  await writers?.stop();
  await fleet?.dispose();
  await scene?.remove();
  await cluster?.dispose();
});

describe(`copies of a table that is written to all the while (TIDEGATE_SEED=${SEED})`, () => {
  it(
    `have each row exactly once, whatever happens to managers and the server, ${FAULTS} times`,
    async () => {
      const chance = seeded(SEED);
      for (let left = FAULTS; left > 0; left -= 1) {
        await sleep(chance() * 2_000);
        await oneOf(chance, FITTING).happen(fleet, chance);
      }
      await writers.stop();
      const [{ end }] = (await cluster.postgres.query<{ end: string }>(
        "SELECT (max(stamp)::text::numeric + 1)::text AS end FROM orders",
      )) as [{ end: string }];
      const managers = fleet.posts.map(({ manager }) => manager);
      const sound = scene.groupIds.map((groupId) => ({ groupId, isSound: true, isSeamless: true }));
      expect(await scene.finish(managers, end)).toEqual(managers.map(() => sound));
      const ids = await idsIn("orders");
      for (const groupId of scene.groupIds) {
        const copied = groupId === "copied" ? await idsIn("copied") : await scene.idsOf(groupId);
        expect({ groupId, ...differences(ids, copied) }).toEqual({
          groupId,
          missing: [],
          doubled: [],
          strange: [],
        });
      }
    },
    FAULTS * PATIENCE_MS,
  );
});

async function idsIn(table: string): Promise<string[]> {
  const rows = await cluster.postgres.query<{ id: string }>(
    `SELECT id::text FROM ${table} AS t ORDER BY t.id`,
  );
  return rows.map(({ id }) => id);
}

/** Returns the first ids that are missing, there twice, or not of the source. */
function differences(source: readonly string[], copied: readonly string[]) {
  const there = new Set(copied);
  const known = new Set(source);
  return {
    missing: source.filter((id) => !there.has(id)).slice(0, 5),
    doubled: copied.filter((id, index) => id === copied[index - 1]).slice(0, 5),
    strange: copied.filter((id) => !known.has(id)).slice(0, 5),
  };
}
