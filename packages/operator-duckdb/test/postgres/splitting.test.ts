import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import { until, untroubled } from "@tidegate/testkit";
import { createDuckdbOperator } from "../../src/index.js";
import { type Bed, HOUR, type RunSpec, requestOf } from "../bed.js";
import { partOf, runInShards, shardRequest, shardsOf, splitOf } from "../shards.js";
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

  it("fails its shards if its columns were changed since it was split", async () => {
    await place.query("CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10,2))");
    await place.query("INSERT INTO orders SELECT generate_series(1, 10), 1.25");
    const run = runOf({ split: { column: "id" } }, { mode: "full" });
    const [first, second] = await shardsOf(bed, run, 2);
    await partOf(bed, run, [first!]);
    await place.query("ALTER TABLE orders ALTER total TYPE numeric(12,4)");
    await expect(partOf(bed, run, [second!])).rejects.toThrow(
      /^SCHEMA_CHANGED: The columns of "public"\."orders" were changed .*total numeric\(12,4\) now/,
    );
    expect(await bed.rows()).toEqual([]);
  });

  describe("of a table that is written to", () => {
    const live = (source: JsonObject = {}): RunSpec =>
      runOf({ split: { column: "id", ...source } }, { mode: "full" });

    beforeEach(() =>
      place.query(`CREATE TABLE orders (id bigint PRIMARY KEY, total int);
        INSERT INTO orders SELECT i, 1 FROM generate_series(1, 100) i`),
    );

    /** Moves the last row to the first shard, adds and removes rows, and changes all, in one transaction. */
    const write = (): Promise<unknown> =>
      place.query(`BEGIN; UPDATE orders SET id = (SELECT min(id) - 1 FROM orders) WHERE id = (SELECT max(id) FROM orders);
        DELETE FROM orders WHERE id = (SELECT percentile_disc(0.7) WITHIN GROUP (ORDER BY id) FROM orders);
        UPDATE orders SET total = total + 1; INSERT INTO orders SELECT max(id) + 5, 1 FROM orders; COMMIT`);

    const holders = async (): Promise<number> => {
      const [row] = await place.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'tidegate' AND state = 'idle in transaction'",
      );
      return row!.count;
    };

    /** The server shows a transaction for a moment after its client has left. */
    const untilKept = (count: number): Promise<void> => until(async () => (await holders()) === count);

    it("is copied as it was when it was split, whatever is written between its shards", async () => {
      const run = live();
      const split = await splitOf(bed, run, 4);
      const results = [];
      for (const part of split.shards) {
        results.push(...(await partOf(bed, run, [part], split)));
        await write();
      }
      await bed.operator.merge!(requestOf(run), results, untroubled());
      const [all] = await bed.rows(
        "count(DISTINCT id)::INTEGER AS ids, sum(id)::INTEGER AS sum, max(total) AS total",
      );
      expect(all).toEqual({ ids: 100, sum: 5_050, total: 1 });
      await untilKept(0);
    });

    it("locks nothing meanwhile, and has its view kept until it is merged", async () => {
      const run = live();
      const split = await splitOf(bed, run, 2);
      await untilKept(1);
      await place.query("SET lock_timeout = '5s'; ALTER TABLE orders ADD note text");
      await place.query("SET lock_timeout = '5s'; ALTER TABLE orders DROP note");
      const results = await partOf(bed, run, split.shards, split);
      await untilKept(1);
      await bed.operator.merge!(requestOf(run), results, untroubled());
      await untilKept(0);
    });

    it.each<[string, () => Promise<unknown>]>([
      [
        "the process that kept its view has ended",
        async () => {
          await bed.operator.stop();
          bed.restart();
        },
      ],
      [
        "the transaction that kept its view was ended",
        () =>
          place.query(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE state = 'idle in transaction'",
          ),
      ],
      ["the table was truncated, which shows it empty to older views", () => place.query("TRUNCATE orders")],
      [
        "the table was rewritten",
        () => place.query("ALTER TABLE orders ALTER total SET DATA TYPE int USING total + 1"),
      ],
    ])("is split anew if %s", async (_, lose) => {
      const run = live();
      const split = await splitOf(bed, run, 2);
      await partOf(bed, run, split.shards.slice(0, 1), split);
      await lose();
      await expect(partOf(bed, run, split.shards.slice(1), split)).rejects.toThrow(/^SPLIT_STALE: The view/);
      const again = await splitOf(bed, run, 2);
      await runInShards(bed, run, again.shards, { ...again, split: "second" });
      const [{ count }] = (await place.query<{ count: number }>("SELECT count(*)::int FROM orders")) as [
        { count: number },
      ];
      expect(await bed.rows("id")).toHaveLength(count);
    });

    it("is not read in a view that only has the same name, as one may after a restart of the server", async () => {
      const run = live();
      const { shards, snapshotToken } = await splitOf(bed, run, 2);
      await write();
      const other = await splitOf(bed, live(), 2);
      const renamed = `${other.snapshotToken!.split(".")[0]}.${snapshotToken!.split(".")[1]}`;
      await expect(partOf(bed, run, shards, { snapshotToken: renamed })).rejects.toThrow(/^SPLIT_STALE/);
    });

    it("gives up its view when nothing has read it for a quarter of an hour, and not while something waits", async () => {
      const clock = new VirtualClock({ start: START });
      const operator = createDuckdbOperator({ secrets: { shop: place.url }, clock });
      const request = requestOf(live());
      const { shards } = await operator.split!(request, { ...untroubled(), target: 2 });
      await clock.advance(14 * 60_000);
      await untilKept(1);
      const shard = shardRequest(live(), shards[0]!);
      const { jobId } = await operator.submit(shard, untroubled());
      await clock.advance(60 * 60_000);
      expect(await holders()).toBeGreaterThanOrEqual(1);
      await operator.wait(jobId, shard, untroubled());
      await untilKept(1);
      await clock.advance(15 * 60_000);
      await untilKept(0);
      await operator.stop();
    });

    it("is read shard by shard as it is then if the job says so, and nothing is kept", async () => {
      const run = live({ snapshot: "own" });
      const { shards, snapshotToken } = await splitOf(bed, run, 2);
      expect(snapshotToken).toBeUndefined();
      await untilKept(0);
      await write();
      await runInShards(bed, run, shards);
      expect(await bed.rows("min(id)::INTEGER AS id, max(total) AS total")).toEqual([{ id: 0, total: 2 }]);
    });

    it("is read in one view through a view of it, and in its partitions", async () => {
      await place.query(`ALTER TABLE orders RENAME TO base; CREATE VIEW orders AS SELECT id, total FROM base;
        CREATE TABLE sales (id bigint, total int) PARTITION BY RANGE (id);
        CREATE TABLE sales_low PARTITION OF sales FOR VALUES FROM (0) TO (50);
        CREATE TABLE sales_high PARTITION OF sales DEFAULT; INSERT INTO sales SELECT * FROM base`);
      for (const [table, below] of [
        ["orders", "base"],
        ["sales", "sales_high"],
      ] as const) {
        const run = runOf({ table, split: { column: "id" } }, { mode: "full" });
        const split = await splitOf(bed, run, 2);
        await place.query(`UPDATE ${below} SET total = 7`);
        await partOf(bed, run, split.shards.slice(0, 1), split);
        await place.query(`TRUNCATE ${below}`);
        await expect(partOf(bed, run, split.shards.slice(1, 2), split)).rejects.toThrow(/^SPLIT_STALE/);
      }
    });
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
