import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import { Bed, DAY, query, tiles } from "./bed.js";

const DATA = fileURLToPath(new URL("../node_modules/vega-datasets/data", import.meta.url));

describe("intervals that tile the time of a public data set", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  /** Runs every tile and one on either side, and sums up what the runs counted. */
  async function copyAll(job: JsonObject, lower: number, upper: number, length: number) {
    const outcomes: JobOutcome[] = [];
    for (const tile of tiles(lower - length, upper + length, length))
      outcomes.push(await bed.run({ job, ...tile }));
    expect(outcomes.filter(({ state }) => state !== "SUCCEEDED")).toEqual([]);
    const sum = (name: "rowsRead" | "rowsWritten" | "rowsDirty") =>
      outcomes.reduce((total, { metrics }) => total + (metrics?.[name] ?? 0), 0);
    return { rowsRead: sum("rowsRead"), rowsWritten: sum("rowsWritten"), rowsDirty: sum("rowsDirty") };
  }

  it("copy a JSON array of 2,000 flights, each row once, its local notation of time included", async () => {
    const path = join(DATA, "flights-2k.json");
    const columns = {
      date: "TIMESTAMP",
      delay: "INTEGER",
      distance: "INTEGER",
      origin: "VARCHAR",
      destination: "VARCHAR",
    };
    const job = {
      source: { format: "json", path, timeColumn: "date", columns },
      target: { path: bed.target },
    };
    const counts = await copyAll(job, Date.UTC(2001, 0, 1), Date.UTC(2001, 3, 1), 7 * DAY);
    const source = await query(
      `SELECT strptime(date, '%Y/%m/%d %H:%M') AS date, delay::INTEGER AS delay, distance::INTEGER AS distance, origin, destination
       FROM read_json($path) ORDER BY ALL`,
      { path },
    );
    expect(counts).toEqual({ rowsRead: 2_000, rowsWritten: 2_000, rowsDirty: 0 });
    expect(await bed.rows()).toEqual(source);
  });

  it("copy a CSV file of GitHub's hours, with inferred types", async () => {
    const path = join(DATA, "github.csv");
    const job = { source: { format: "csv", path, timeColumn: "time" }, target: { path: bed.target } };
    const counts = await copyAll(job, Date.UTC(2015, 0, 1), Date.UTC(2015, 5, 1), 14 * DAY);
    expect(counts).toEqual({ rowsRead: 955, rowsWritten: 955, rowsDirty: 0 });
    expect(await bed.rows()).toEqual(await query("SELECT * FROM read_csv($path) ORDER BY ALL", { path }));
  });

  it("copy Parquet files of flights by their epoch milliseconds", async () => {
    const path = join(bed.directory, "flights.parquet");
    await query(
      `COPY (SELECT epoch_ms(strptime(date, '%Y/%m/%d %H:%M')) AS at, * FROM read_json('${join(DATA, "flights-2k.json")}'))
       TO '${path}' (FORMAT parquet)`,
    );
    const job = {
      source: { format: "parquet", path, timeColumn: "at", timeUnit: "ms" },
      target: { path: bed.target, compression: "snappy" },
    };
    const counts = await copyAll(job, Date.UTC(2001, 0, 1), Date.UTC(2001, 3, 1), 7 * DAY);
    expect(counts).toEqual({ rowsRead: 2_000, rowsWritten: 2_000, rowsDirty: 0 });
    expect(await bed.rows()).toEqual(await query("SELECT * FROM read_parquet($path) ORDER BY ALL", { path }));
  });

  it("copy what a SELECT makes of a CSV file, by timestamps or by milliseconds", async () => {
    const path = join(DATA, "seattle-weather.csv");
    const target = { path: bed.target };
    const byTimestamp = `SELECT date, upper(weather) AS weather FROM '${path}' WHERE date >= $lower AND date < $upper`;
    const byMs = `SELECT date, upper(weather) AS weather FROM '${path}'
      WHERE epoch_ms(date::TIMESTAMP) >= $lower_ms AND epoch_ms(date::TIMESTAMP) < $upper_ms; -- the same`;
    const years = [2012, 2013, 2014, 2015].map((year) => ({
      lower: Date.UTC(year, 0, 1),
      upper: Date.UTC(year + 1, 0, 1),
    }));
    for (const [index, year] of years.entries()) {
      const outcome = await bed.run({ job: { sql: index % 2 === 0 ? byTimestamp : byMs, target }, ...year });
      expect(outcome).toMatchObject({
        state: "SUCCEEDED",
        metrics: { rowsWritten: index === 0 ? 366 : 365 },
      });
    }
    expect(await bed.rows()).toEqual(
      await query("SELECT date, upper(weather) AS weather FROM read_csv($path) ORDER BY ALL", { path }),
    );
  });

  it("agree with each other when their jobs run side by side in one target", async () => {
    const path = join(DATA, "github.csv");
    const job = { source: { format: "csv", path, timeColumn: "time" }, target: { path: bed.target } };
    const parts = tiles(Date.UTC(2015, 0, 1), Date.UTC(2015, 5, 1), 30 * DAY);
    await Promise.all(parts.map((part) => bed.run({ job, ...part })));
    expect(bed.partitions()).toHaveLength(parts.length);
    expect(await bed.rows()).toEqual(await query("SELECT * FROM read_csv($path) ORDER BY ALL", { path }));
  });

  it("hold an empty partition for an interval without rows", async () => {
    const path = join(DATA, "github.csv");
    const job = { source: { format: "csv", path, timeColumn: "time" }, target: { path: bed.target } };
    const empty = { lower: Date.UTC(2020, 0, 1), upper: Date.UTC(2020, 0, 1, 1) };
    expect(await bed.run({ job, ...empty })).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsRead: 0, rowsWritten: 0, rowsDirty: 0 },
    });
    expect(bed.partitions()).toEqual(["interval=20200101T000000.000Z_20200101T010000.000Z"]);
    expect(await bed.rows()).toEqual([]);
  });
});
