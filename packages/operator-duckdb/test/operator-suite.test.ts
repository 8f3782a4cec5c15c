import { join } from "node:path";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { operatorSuite, type RequestFactory } from "@tidegate/testkit";
import { createDuckdbOperator } from "../src/index.js";
import { Bed, DAY, HOUR, query, requestOf } from "./bed.js";

const MIDNIGHT = Date.UTC(2026, 0, 1);

/** Would take hours: the test runner's patience ends long before. */
const SLOW_SQL = `SELECT sum(a.range * b.range)::DOUBLE AS total FROM range(10_000_000) a, range(1_000_000) b
  WHERE $lower < $upper`;

operatorSuite({
  name: "DuckdbOperator",
  supports: { verify: true, positions: true, logs: true, split: true },
  create: async () => {
    const bed = new Bed({ logs: "all" });
    const path = bed.write("readings.csv", readings());
    for (const value of [1, 2, 3])
      bed.write(`readings/${value}.csv`, `time,value\n2026-01-01T00:00:00Z,${value}\n`);
    const [header, ...lines] = readings().trim().split("\n");
    for (let part = 0; part < 6; part += 1) {
      const own = lines.filter((_, minute) => minute % 6 === part);
      bed.write(`parts/${part}.csv`, [header, ...own, ""].join("\n"));
    }
    const target = { path: bed.target };
    const source = {
      format: "csv",
      path,
      timeColumn: "time",
      columns: { time: "TIMESTAMP", value: "INTEGER" },
    };
    const requests = (job: OfflineJobRequest["job"]): RequestFactory => {
      const base = requestOf({ job, lower: MIDNIGHT, upper: MIDNIGHT + HOUR });
      return (overrides) => ({ ...base, ...overrides });
    };
    return {
      operator: bed.operator,
      request: requests({ source, target }),
      loggedRequest: requests({ source, target }),
      splitRequest: requests({ source: { ...source, path: `${bed.directory}/parts/*.csv` }, target }),
      slowRequest: requests({ sql: SLOW_SQL, target }),
      failingRequest: requests({ source: { ...source, path: `${path}.missing` }, target }),
      malformedJob: { source: { ...source, format: "xml" }, target },
      misshapenJobs: [
        { source: { ...source, format: "xml" }, target },
        { source: { ...source, path: [] }, target },
        { source: { ...source, options: { sep: ";" } }, target },
        { source },
      ],
      positions: {
        job: {
          source: {
            format: "csv",
            path: join(bed.directory, "readings", "*.csv"),
            columns: { time: "TIMESTAMP", value: "INTEGER" },
          },
          target,
        },
        source: { type: "files", path: "readings", pattern: "*.csv", stableForMs: 1_000 },
        others: [
          { type: "files", path: "readings", stableForMs: 1_000 },
          { type: "files", path: "orders", pattern: "*.csv", stableForMs: 1_000 },
          { type: "sql-cursor", table: "readings", column: "id" },
        ],
        ranges: [
          { lower: { main: "" }, upper: { main: "2.csv " }, records: ["1", "2"] },
          { lower: { main: "2.csv " }, upper: { main: "3.csv " }, records: ["3"] },
        ],
        written: ({ interval }) => valuesVisible(bed, interval!.lower),
      },
      effects: ({ lowerBound }) => timesVisible(bed, Number(lowerBound)),
      restart: async () => createDuckdbOperator(),
      dispose: () => bed.dispose(),
    };
  },
});

/** One reading every minute of a day. */
function readings(): string {
  const lines = Array.from({ length: DAY / 60_000 }, (_, minute) => {
    return `${new Date(MIDNIGHT + minute * 60_000).toISOString()},${minute}`;
  });
  return ["time,value", ...lines, ""].join("\n");
}

/** The values in the partition of an interval. */
async function valuesVisible(bed: Bed, lower: number): Promise<string[]> {
  const hour = new Date(lower).toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const rows = await bed.rows("value, interval");
  return rows.filter(({ interval }) => String(interval).startsWith(hour)).map(({ value }) => String(value));
}

/** How often the first reading of an interval is in the target. */
async function timesVisible(bed: Bed, lower: number): Promise<number> {
  if (bed.partitions().length === 0) return 0;
  const [row] = await query(
    "SELECT count(*) AS count FROM read_parquet($files) WHERE epoch_ms(time) = $lower::BIGINT",
    {
      files: `${bed.target}/**/*.parquet`,
      lower: String(lower),
    },
  );
  return Number(row!.count);
}
