import { afterAll, beforeAll } from "@jest/globals";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { operatorSuite, type RequestFactory } from "@tidegate/testkit";
import { createDuckdbOperator } from "../../src/index.js";
import { HOUR, requestOf } from "../bed.js";
import { PostgresPlace } from "./place.js";

const MIDNIGHT = Date.UTC(2026, 0, 1);

let place: PostgresPlace;
beforeAll(async () => {
  place = await PostgresPlace.make();
});
afterAll(() => place.dispose());

operatorSuite({
  name: "DuckdbOperator with Postgres on both sides",
  supports: { verify: true, split: true },
  create: async () => {
    const bed = await place.bed();
    await place.query(`CREATE TABLE readings AS SELECT at, row_number() OVER () AS value
        FROM generate_series(timestamptz '2026-01-01+00', '2026-01-01 23:59+00', interval '1 minute') at;
      CREATE TABLE copied (LIKE readings);
      CREATE VIEW slow AS SELECT at, value + length(pg_sleep(3600)::text) AS value FROM readings`);
    const database = { format: "postgres", connection: "shop", timeColumn: "at" };
    const source = { ...database, table: "readings" };
    const target = { ...database, table: "copied", write: "replace" };
    const requests = (job: OfflineJobRequest["job"]): RequestFactory => {
      const base = requestOf({ job, lower: MIDNIGHT, upper: MIDNIGHT + HOUR });
      return (overrides) => ({ ...base, ...overrides });
    };
    return {
      operator: bed.operator,
      request: requests({ source, target }),
      splitRequest: requests({
        source: { ...source, split: { column: "value" } },
        target: { path: bed.target },
      }),
      changeSource: async () => {
        await place.query("INSERT INTO readings SELECT at, value FROM readings");
      },
      slowRequest: requests({ source: { ...source, table: "slow" }, target }),
      failingRequest: requests({ source: { ...source, table: "missing" }, target }),
      malformedJob: { source, target: { ...target, write: "append" } },
      misshapenJobs: [
        { source, target: { ...target, write: "append" } },
        { source, target: { ...target, key: ["at"] } },
        { source: { ...source, connection: "a b" }, target },
        { source, target: { ...target, path: "/data" } },
      ],
      effects: async ({ lowerBound, job }) => {
        const at = `to_timestamp(${Number(lowerBound) / 1_000})`;
        if ("path" in (job.target as object)) {
          const rows = await bed.rows(`"at" = ${at} AS is_first`);
          return rows.filter(({ is_first }) => is_first).length;
        }
        const [row] = await place.query<{ count: number }>(
          `SELECT count(*)::int AS count FROM copied WHERE at = ${at}`,
        );
        return row!.count;
      },
      restart: async () => createDuckdbOperator({ secrets: { shop: place.url } }),
      dispose: () => bed.dispose(),
    };
  },
});
