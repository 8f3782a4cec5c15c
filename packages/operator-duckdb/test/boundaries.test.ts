import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { untroubled } from "@tidegate/testkit";
import { Bed, HOUR, query, requestOf } from "./bed.js";

const LOWER = Date.UTC(2026, 2, 29, 1);
const UPPER = LOWER + HOUR;

describe("the bounds of an interval", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  /** The ids of the rows that a job takes over for the hour. */
  async function idsOf(source: JsonObject): Promise<unknown[]> {
    const outcome = await bed.run({
      job: { source, target: { path: bed.target } },
      lower: LOWER,
      upper: UPPER,
    });
    expect(outcome).toEqual(expect.objectContaining({ state: "SUCCEEDED" }));
    return (await bed.rows("id")).map(({ id }) => id);
  }

  function csv(...times: readonly (string | number)[]): string {
    const lines = times.map((time, id) => `${id},${time}`);
    return bed.write("in.csv", ["id,time", ...lines, ""].join("\n"));
  }

  it("include the lower one and exclude the upper one, to the millisecond", async () => {
    const path = csv(
      "2026-03-29T00:59:59.999Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-29T01:59:59.999Z",
      "2026-03-29T02:00:00.000Z",
    );
    expect(await idsOf({ format: "csv", path, timeColumn: "time" })).toEqual(["1", "2"]);
  });

  it("part times of a finer unit exactly", async () => {
    const path = csv(
      "2026-03-29T00:59:59.999999Z",
      "2026-03-29T01:59:59.999999Z",
      "2026-03-29T02:00:00.000001Z",
    );
    expect(await idsOf({ format: "csv", path, timeColumn: "time" })).toEqual(["1"]);
  });

  it("read an offset as what it says and a time without one as UTC, whatever type is declared", async () => {
    const path = csv(
      "2026-03-29T01:30:00",
      "2026-03-29T01:30:00Z",
      "2026-03-29T03:30:00+02:00",
      "2026-03-29 01:30:00+02:00",
      "2026/03/29 01:30",
      "2026-03-28T20:30:00-05",
      "2026-03-29T07:00:00.5+0530",
    );
    for (const type of ["TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"]) {
      const columns = { id: "INTEGER", time: type };
      expect(await idsOf({ format: "csv", path, timeColumn: "time", columns })).toEqual([0, 1, 2, 4, 5, 6]);
    }
  });

  it("keep the instant of a time with an offset in the copy", async () => {
    const path = csv("2026-03-29T03:30:00+02:00");
    for (const type of ["TIMESTAMP", "TIMESTAMPTZ"]) {
      await idsOf({ format: "csv", path, timeColumn: "time", columns: { id: "INTEGER", time: type } });
      expect(await bed.rows("epoch_ms(time) AS ms")).toEqual([{ ms: String(LOWER + HOUR / 2) }]);
    }
  });

  it("do not let the name of a zone in one row move the rows after it", async () => {
    const path = csv("2026-03-29T01:00:00 Europe/Berlin", "2026-03-29T01:30:00", "2026-03-29T02:30:00");
    expect(await idsOf({ format: "csv", path, timeColumn: "time", columns: { id: "INTEGER" } })).toEqual([1]);
  });

  it.each([
    ["s", (ms: number) => ms / 1_000],
    ["ms", (ms: number) => ms],
    ["us", (ms: number) => `${ms}000`],
    ["ns", (ms: number) => `${ms}000000`],
  ] as const)("hold for numbers in %s, as text and as numbers", async (timeUnit, unit) => {
    const times = [LOWER - 1, LOWER, UPPER - 1, UPPER].map((ms) => unit(ms));
    const path = csv(...times);
    expect(await idsOf({ format: "csv", path, timeColumn: "time", timeUnit })).toEqual(["1", "2"]);
    for (const type of ["BIGINT", "DOUBLE", "VARCHAR"]) {
      if (type === "BIGINT" && timeUnit === "s") continue;
      const parquet = path.replace(".csv", `-${type}.parquet`);
      await query(
        `COPY (SELECT id, time::${type} AS time FROM read_csv('${path}', all_varchar = true)) TO '${parquet}'`,
      );
      expect(await idsOf({ format: "parquet", path: parquet, timeColumn: "time", timeUnit })).toEqual([
        "1",
        "2",
      ]);
    }
  });

  it("hold to the nanosecond for whole numbers, which a double cannot", async () => {
    const path = csv(`${UPPER - 1}999999`, `${UPPER}000000`);
    expect(await idsOf({ format: "csv", path, timeColumn: "time", timeUnit: "ns" })).toEqual(["0"]);
  });

  it.each(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_S", "VARCHAR"])(
    "hold for Parquet's %s",
    async (type) => {
      const path = csv(
        "2026-03-29 00:59:59",
        "2026-03-29 01:00:00",
        "2026-03-29 01:59:59",
        "2026-03-29 02:00:00",
      );
      const parquet = `${bed.directory}/${type}.parquet`;
      await query(
        `COPY (SELECT id, time::${type} AS time FROM read_csv('${path}', columns = {'id': 'VARCHAR', 'time': 'TIMESTAMP'})) TO '${parquet}'`,
      );
      expect(await idsOf({ format: "parquet", path: parquet, timeColumn: "time" })).toEqual(["1", "2"]);
    },
  );

  it("part Parquet's nanoseconds exactly, also before 1970", async () => {
    const path = `${bed.directory}/ns.parquet`;
    const times = ["1969-12-31 22:59:59.999999999", "1969-12-31 23:00:00", "1969-12-31 23:59:59.999999999"];
    const rows = [...times, "1970-01-01 00:00:00"].map((time, id) => `(${id}, TIMESTAMP_NS '${time}')`);
    await query(`COPY (FROM (VALUES ${rows.join(", ")}) AS t (id, time)) TO '${path}'`);
    const job = { source: { format: "parquet", path, timeColumn: "time" }, target: { path: bed.target } };
    const outcome = await bed.run({ job, lower: -HOUR, upper: 0 });
    expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 2 } });
    expect(await bed.rows("id")).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it("are those that a SELECT gets, as timestamps and as milliseconds", async () => {
    const sql = `SELECT epoch_ms($lower) AS lower, epoch_ms($upper) AS upper, $lower_ms AS lower_ms,
      typeof($lower) AS type, typeof($upper_ms) AS type_ms`;
    await bed.run({ job: { sql, target: { path: bed.target } }, lower: LOWER, upper: UPPER });
    expect(await bed.rows()).toEqual([
      {
        lower: String(LOWER),
        upper: String(UPPER),
        lower_ms: String(LOWER),
        type: "TIMESTAMP",
        type_ms: "BIGINT",
      },
    ]);
  });

  it("are refused where they are no times, before a job is taken", async () => {
    const job = { sql: "SELECT $lower, $upper", target: { path: bed.target } };
    const context = untroubled();
    const base = requestOf({ job, lower: LOWER, upper: UPPER });
    for (const wrong of [
      { lowerBound: "2026-01-01" },
      { upperBound: "1e3" },
      { upperBound: "9999999999999999" },
      { upperBound: String(LOWER - 1) },
    ]) {
      const field = Object.keys(wrong)[0]!;
      await expect(bed.operator.submit({ ...base, ...wrong }, context)).rejects.toMatchObject({
        code: "JOB_INVALID",
        field,
      });
    }
  });
});
