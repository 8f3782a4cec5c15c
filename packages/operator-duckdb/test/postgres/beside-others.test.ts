import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { until, untroubled } from "@tidegate/testkit";
import { createDuckdbOperator } from "../../src/index.js";
import { type Bed, HOUR, type RunSpec, requestOf } from "../bed.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const HOURLY = { lower: START, upper: START + HOUR };

describe("jobs that write to tables beside one another", () => {
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

  const table = (name: string) => ({ format: "postgres", connection: "shop", table: name, timeColumn: "at" });

  it("leave each other alone if only their databases differ", async () => {
    const url = await place.other();
    const other = createDuckdbOperator({ secrets: { shop: url } });
    const spec: RunSpec = {
      job: { source: table("orders"), target: { ...table("copied"), write: "replace" } },
      ...HOURLY,
    };
    const request = requestOf(spec);
    const make = (note: string, from: string) =>
      `CREATE TABLE copied (at timestamptz, note text);
      CREATE VIEW orders AS SELECT timestamptz '2026-01-01 00:30+00' AS at, '${note}' AS note FROM ${from}`;
    await place.query(make("first", "pg_advisory_xact_lock_shared(1)"));
    await place.query(make("other", "generate_series(1, 1)"), url);
    try {
      // The first reads its source for as long as the table is locked.
      const release = await place.lock(1);
      const first = bed.run(spec);
      const isWaiting = async () =>
        (await place.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0;
      await until(isWaiting, { what: "the first job to read" });
      const { jobId } = await other.submit(request, untroubled());
      expect(await other.wait(jobId, request, untroubled())).toMatchObject({ state: "SUCCEEDED" });
      await release();
      expect(await first).toMatchObject({ state: "SUCCEEDED" });
      expect(await place.query("SELECT note FROM copied")).toEqual([{ note: "first" }]);
      expect(await place.query("SELECT note FROM copied", url)).toEqual([{ note: "other" }]);
    } finally {
      await other.stop();
    }
  });

  it("keep the bad rows of each group if they keep them in one directory", async () => {
    await place.query("CREATE TABLE orders (id bigint, at timestamptz); CREATE TABLE invoices (LIKE orders)");
    const jobOf = (name: string, lines: readonly string[]): JsonObject => ({
      source: {
        format: "csv",
        path: bed.write(`${name}.csv`, ["id,at", ...lines, ""].join("\n")),
        timeColumn: "at",
        columns: { id: "BIGINT", at: "TIMESTAMPTZ" },
      },
      target: { ...table(name), write: "replace", rejectedPath: bed.target },
    });
    const run = async (groupId: string, lines: readonly string[]) => {
      const request = { ...requestOf({ job: jobOf(groupId, lines), ...HOURLY }), groupId };
      const { jobId } = await bed.operator.submit(request, untroubled());
      return (await bed.operator.wait(jobId, request, untroubled())).metrics;
    };
    const bad = (id: string) => `${id},2026-01-01T00:10:00Z`;
    expect(await run("orders", [bad("x"), "1,yesterday"])).toMatchObject({ rowsDirty: 2 });
    expect(await run("invoices", [bad("y")])).toMatchObject({ rowsDirty: 1 });
    const interval = "20260101T000000.000Z_20260101T010000.000Z.jsonl";
    expect(bed.files()).toEqual([
      `invoices/.rejected/${interval}`,
      `orders/.rejected/${interval}`,
      `orders/.rejected/untimed/${interval}`,
    ]);
  });
});
