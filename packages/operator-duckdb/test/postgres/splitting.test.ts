import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { type Bed, HOUR, type RunSpec } from "../bed.js";
import { runInShards, shardsOf } from "../shards.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);

describe("a job that reads a table of Postgres in shards", () => {
  let place: PostgresPlace;
  let bed: Bed;
  beforeAll(async () => {
    place = await PostgresPlace.make();
  });
  afterAll(() => place.dispose());
  beforeEach(async () => {
    bed = await place.bed();
  });
  afterEach(() => bed.dispose());

  const runOf = (source: JsonObject, more: Partial<RunSpec> = {}): RunSpec => ({
    job: {
      source: { format: "postgres", connection: "shop", table: "orders", ...source },
      target: { path: bed.target },
    },
    lower: START,
    upper: START + HOUR,
    ...more,
  });

  it.each([
    ["bigint", "i", 4],
    ["smallint", "i", 4],
    ["date", "date '2026-01-01' + i::int", 4],
    ["timestamp", "timestamp '1969-12-31' + i * interval '1 minute'", 4],
    ["timestamptz", "timestamptz '2026-01-01+00' + i * interval '1 hour'", 4],
    ["text", "case when i % 2 = 0 then 'b' else 'A' end || i", 4],
    ["varchar(20)", "'k''\\' || i", 4],
    ["uuid", "md5(i::text)::uuid", 4],
  ])("has each row in one shard of about the same size, by a key of %s", async (type, value, target) => {
    await place.query(`CREATE TABLE orders (id int, key ${type});
      INSERT INTO orders SELECT i, (${value})::${type} FROM generate_series(1, 400) i;
      INSERT INTO orders VALUES (401, NULL)`);
    if (/date|time/.test(type))
      await place.query("INSERT INTO orders VALUES (402, 'infinity'), (403, '-infinity')");
    const run = runOf({ split: { column: "key" }, columns: { id: "INTEGER" } }, { mode: "full" });
    const shards = await shardsOf(bed, run, target);
    expect(shards.at(-1)!.key).toBe("key is null");
    const { counts } = await runInShards(bed, run, shards);
    expect(counts).toHaveLength(target + 1);
    expect(counts.at(-1)).toBe(1);
    for (const count of counts.slice(0, -1)) expect(count).toBeGreaterThan(95);
    const [all] = await bed.rows("count(DISTINCT id)::INTEGER AS ids, count(*)::INTEGER AS rows");
    const expected = /date|time/.test(type) ? 403 : 401;
    expect(all).toEqual({ ids: expected, rows: expected });
  });

  it("is divided by its time unless it says otherwise, within the interval alone", async () => {
    await place.query(`CREATE TABLE orders (id int, at timestamptz NOT NULL);
      INSERT INTO orders SELECT i, timestamptz '2026-01-01+00' + i * interval '1 minute' FROM generate_series(-100, 100) i`);
    const run = runOf({ timeColumn: "at" });
    const shards = await shardsOf(bed, run, 3);
    expect(shards).toHaveLength(3);
    expect((await runInShards(bed, run, shards)).counts).toEqual([20, 20, 20]);
    expect(await bed.rows("id")).toHaveLength(60);
  });

  it("is divided by its cursor within its positions", async () => {
    await place.query(`CREATE TABLE orders (id bigint PRIMARY KEY);
      INSERT INTO orders SELECT generate_series(1, 100)`);
    const run = runOf({ cursorColumn: "id" }, { positions: ["21", "41"] });
    const shards = await shardsOf(bed, run, 2);
    expect(shards.map(({ key }) => key)).toEqual(["id < 31", "31 <= id"]);
    expect((await runInShards(bed, run, shards)).counts).toEqual([10, 10]);
  });

  it("is divided by a sample of a large table", async () => {
    await place.query(`CREATE TABLE orders (id bigint PRIMARY KEY);
      INSERT INTO orders SELECT (i::bigint * i) FROM generate_series(1, 250000) i; ANALYZE orders`);
    const run = runOf({ split: { column: "id", by: "quantiles" } }, { mode: "full" });
    const { counts } = await runInShards(bed, run, await shardsOf(bed, run, 2));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(250_000);
    for (const count of counts) expect(count).toBeGreaterThan(100_000);
  });

  it("of a view has each row in one shard too", async () => {
    await place.query(`CREATE TABLE base AS SELECT generate_series(1, 10) AS id;
      CREATE VIEW orders AS SELECT id FROM base`);
    const run = runOf({ split: { column: "id" } }, { mode: "full" });
    expect((await runInShards(bed, run, await shardsOf(bed, run, 2))).counts).toEqual([5, 5, 0]);
  });

  it("is refused a column that has no ranges, or is none of the table's", async () => {
    await place.query("CREATE TABLE orders (id int, doc jsonb)");
    const asked = (column: string) => shardsOf(bed, runOf({ split: { column } }, { mode: "full" }), 2);
    await expect(asked("doc")).rejects.toMatchObject({ code: "JOB_INVALID", isRetryable: false });
    await expect(asked("nobody")).rejects.toThrow(/job\.source\.split\.column: there is no column nobody/);
  });
});
