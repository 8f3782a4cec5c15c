import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { untroubled } from "@tidegate/testkit";
import { type Bed, HOUR, requestOf, tiles } from "../bed.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const HOURLY = { lower: START, upper: START + HOUR };

describe("a table of Postgres as target", () => {
  let place: PostgresPlace;
  let bed: Bed;
  beforeAll(async () => {
    place = await PostgresPlace.make();
  });
  afterAll(() => place.dispose());
  beforeEach(async () => {
    bed = await place.bed();
    await place.query("CREATE TABLE orders (id bigint PRIMARY KEY, at timestamptz, note text)");
  });
  afterEach(() => bed.dispose());

  const columns = { id: "BIGINT", at: "TIMESTAMPTZ", note: "VARCHAR" };

  /** A job that copies lines of `id,at,note`. */
  function job(lines: readonly string[], target: JsonObject = {}): JsonObject {
    const path = bed.write("in.csv", ["id,at,note", ...lines, ""].join("\n"));
    return {
      source: { format: "csv", path, timeColumn: "at", columns },
      target: {
        format: "postgres",
        connection: "shop",
        table: "orders",
        write: "replace",
        ...(target.write === "upsert" ? {} : { timeColumn: "at" }),
        ...target,
      },
    };
  }

  const ids = async () =>
    (await place.query<{ id: string }>("SELECT id FROM orders ORDER BY id")).map(({ id }) => Number(id));

  /** A job whose rows are those of a SELECT. */
  function sql(select: string): JsonObject {
    const { target } = job([]);
    return { sql: `${select} WHERE $lower < $upper`, target: target! };
  }

  describe("with write: replace", () => {
    it("has an interval's new rows in the place of its old ones, and no other's", async () => {
      await bed.run({
        job: job(["1,2026-01-01T00:10:00Z,a", "2,2026-01-01T00:20:00Z,b", "9,2026-01-01T01:00:00Z,c"]),
        ...HOURLY,
      });
      await bed.run({ job: job(["9,2026-01-01T01:00:00Z,c"]), lower: START + HOUR, upper: START + 2 * HOUR });
      expect(await ids()).toEqual([1, 2, 9]);
      const again = await bed.run({ job: job(["3,2026-01-01T00:10:00Z,a"]), ...HOURLY, generation: 1 });
      expect(again).toMatchObject({
        state: "SUCCEEDED",
        metrics: { rowsRead: 1, rowsWritten: 1, rowsDirty: 0 },
      });
      expect(await ids()).toEqual([3, 9]);
    });

    it("holds each row of a day once, however the day is cut later", async () => {
      const lines = Array.from(
        { length: 24 },
        (_, hour) => `${hour},${new Date(START + hour * HOUR).toISOString()},x`,
      );
      for (const tile of tiles(START, START + 24 * HOUR, 3 * HOUR))
        await bed.run({ job: job(lines), ...tile });
      for (const tile of tiles(START, START + 24 * HOUR, 5 * HOUR))
        await bed.run({ job: job(lines), ...tile });
      expect(await ids()).toEqual(lines.map((_, hour) => hour));
    });

    it("refuses rows whose time is outside of the interval, which another run would double", async () => {
      const outcome = await bed.run({ job: sql("SELECT 1 AS id, $upper AS at, '' AS note"), ...HOURLY });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toContain("the at of 1 rows is not in the interval");
      expect(await ids()).toEqual([]);
    });

    it("has a snapshot in the place of all rows, unless a later one is there", async () => {
      await place.query("INSERT INTO orders VALUES (5, NULL, 'old')");
      const later = await bed.run({
        job: job(["1,2026-01-01T00:10:00Z,a"]),
        lower: START,
        upper: START + 2 * HOUR,
        mode: "full",
      });
      expect(later.metrics?.rowsWritten).toBe(1);
      const earlier = await bed.run({ job: job(["2,2026-01-01T00:10:00Z,a"]), ...HOURLY, mode: "full" });
      expect(earlier).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 0 } });
      expect(await ids()).toEqual([1]);
    });

    it("needs a time column unless it is a snapshot", async () => {
      const { source, target } = job([]);
      const { timeColumn: _, ...timeless } = target as JsonObject;
      const request = requestOf({ job: { source: source!, target: timeless }, ...HOURLY });
      await expect(bed.operator.submit(request, untroubled())).rejects.toMatchObject({
        code: "JOB_INVALID",
        field: "job.target.timeColumn",
      });
    });
  });

  describe("with write: upsert", () => {
    const upsert = { write: "upsert", key: ["id"] };

    it("has one row per key, the last one's", async () => {
      await bed.run({
        job: job(["1,2026-01-01T00:10:00Z,a", "2,2026-01-01T00:20:00Z,b"], upsert),
        ...HOURLY,
      });
      await bed.run({ job: job(["2,2026-01-01T00:20:00Z,B"], upsert), ...HOURLY, generation: 1 });
      expect(await place.query("SELECT id, note FROM orders ORDER BY id")).toEqual([
        { id: "1", note: "a" },
        { id: "2", note: "B" },
      ]);
    });

    it.each([
      ["a key without a unique index", { key: ["note"] }, "no unique or exclusion constraint"],
      ["a key that the rows lack", { key: ["other"] }, "there is no column other"],
    ])("refuses %s", async (_what, key, message) => {
      const outcome = await bed.run({
        job: job(["1,2026-01-01T00:10:00Z,a"], { ...upsert, ...key }),
        ...HOURLY,
      });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toContain(message);
    });

    it("refuses a null in the key, which would be added once more by each run", async () => {
      await place.query("CREATE UNIQUE INDEX ON orders (note)");
      const outcome = await bed.run({
        job: job(["1,2026-01-01T00:10:00Z,"], { ...upsert, key: ["note"] }),
        ...HOURLY,
      });
      expect(outcome.error?.message).toContain("a row has no note");
      expect(await ids()).toEqual([]);
    });

    it("refuses two rows of one key", async () => {
      const lines = ["1,2026-01-01T00:10:00Z,a", "1,2026-01-01T00:20:00Z,b"];
      const outcome = await bed.run({ job: job(lines, upsert), ...HOURLY });
      expect(outcome.error?.message).toContain("cannot affect row a second time");
      expect(await ids()).toEqual([]);
    });
  });

  describe("finds its jobs again", () => {
    it("by the record that was committed with the rows", async () => {
      const spec = { job: job(["1,2026-01-01T00:10:00Z,a"]), ...HOURLY };
      const request = requestOf(spec);
      const outcome = await bed.run(spec);
      const found = await bed.restart().find(request.idempotencyKey, request);
      expect(found).toEqual({ jobId: `${request.runId}-1`, outcome });
    });

    it("but not one whose rows another interval has replaced", async () => {
      const spec = { job: job(["1,2026-01-01T00:10:00Z,a"]), ...HOURLY };
      await bed.run(spec);
      await bed.run({ ...spec, lower: START, upper: START + 2 * HOUR });
      const request = requestOf(spec);
      expect(await bed.restart().find(request.idempotencyKey, request)).toBeUndefined();
    });
  });

  describe("with bad rows", () => {
    const lines = ["1,2026-01-01T00:10:00Z,a", "x,2026-01-01T00:20:00Z,b"];

    it("fails if there is nowhere to keep them", async () => {
      const outcome = await bed.run({ job: job(lines), ...HOURLY });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toMatch(
        /^1 rows are bad .*id is no BIGINT: x.*job\.target\.rejectedPath/,
      );
      expect(await ids()).toEqual([]);
    });

    it("keeps them aside in a directory", async () => {
      const outcome = await bed.run({ job: job(lines, { rejectedPath: bed.target }), ...HOURLY });
      expect(outcome.metrics).toMatchObject({ rowsRead: 2, rowsWritten: 1, rowsDirty: 1 });
      expect(bed.files()).toEqual(["flights/.rejected/20260101T000000.000Z_20260101T010000.000Z.jsonl"]);
    });
  });

  describe("refuses, naming the column,", () => {
    it.each([
      [
        "a column that the table lacks",
        "SELECT 1 AS id, $lower AS at, 2 AS other",
        /Column other: the table .* has no such column/,
      ],
      [
        "numbers for text",
        "SELECT 1 AS id, $lower AS at, 2 AS note",
        /Column note: INTEGER is not exactly kept by text/,
      ],
      [
        "fractions for whole numbers",
        "SELECT 1.5 AS id, $lower AS at",
        /Column id: DECIMAL\(2,1\) is not exactly kept by bigint/,
      ],
      [
        "nanoseconds",
        "SELECT 1 AS id, $lower::TIMESTAMP_NS AS at",
        /Column at: TIMESTAMP_NS is not exactly kept/,
      ],
      ["text for a time", "SELECT 1 AS id, 'now' AS at", /Column at: VARCHAR is not exactly kept/],
      ["a list", "SELECT 1 AS id, $lower AS at, [1] AS note", /Column note: INTEGER\[\] is not exactly kept/],
      ["a NUL", "SELECT 1 AS id, $lower AS at, 'a' || chr(0) AS note", /Column note: a text has a NUL/],
      [
        "an integer that is too large",
        "SELECT 1e30::HUGEINT AS id, $lower AS at",
        /Column id: .*out of range/,
      ],
    ])("%s", async (_what, select, message) => {
      const outcome = await bed.run({ job: sql(select), ...HOURLY });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toMatch(message);
      expect(await ids()).toEqual([]);
    });

    it.each([
      ["a number with more digits", "numeric(10,2)", "1.239::DECIMAL(10,3)"],
      ["an instant with more digits", "timestamptz(3)", "TIMESTAMPTZ '2026-01-01 00:00:00.123456+00'"],
      ["a text that is too long", "varchar(3)", "'abcd'"],
      ["blanks that would be cut", "varchar(3)", "'abc '"],
    ])("%s than the column has", async (_what, type, value) => {
      await place.query(`ALTER TABLE orders ADD v ${type}`);
      const outcome = await bed.run({ job: sql(`SELECT 1 AS id, $lower AS at, ${value} AS v`), ...HOURLY });
      expect(outcome).toMatchObject({ state: "FAILED", isRetryable: false });
      expect(outcome.error?.message).toMatch(/^Column v: a value does not fit/);
      expect(await ids()).toEqual([]);
    });
  });

  it("keeps what a cancelled job was about to replace, and its locks are gone", async () => {
    await place.query("INSERT INTO orders VALUES (7, '2026-01-01 00:10+00', 'old')");
    await place.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN NOTIFY reached; PERFORM pg_sleep(3600); RETURN NEW; END $$;
      CREATE TRIGGER wait BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION wait()`);
    const request = requestOf({ job: job(["1,2026-01-01T00:10:00Z,a"]), ...HOURLY });
    const { jobId } = await bed.operator.submit(request, untroubled());
    const isSleeping = async () =>
      (await place.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length > 0;
    while (!(await isSleeping()));
    await bed.operator.cancel(jobId, request);
    await place.query("DROP TRIGGER wait ON orders");
    expect(await ids()).toEqual([7]);
    expect(await bed.run({ job: job(["1,2026-01-01T00:10:00Z,a"]), ...HOURLY, attempt: 2 })).toMatchObject({
      state: "SUCCEEDED",
    });
    expect(await ids()).toEqual([1]);
  });
});
