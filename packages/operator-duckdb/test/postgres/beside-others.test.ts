import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest } from "@tidegate/core/operator";
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

  async function carryOut(request: OfflineJobRequest): Promise<JobOutcome> {
    const { jobId } = await bed.operator.submit(request, untroubled());
    return bed.operator.wait(jobId, request, untroubled());
  }

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

  describe("of one table, into which several groups upsert,", () => {
    const requestBy = (groupId: string, spec: Omit<RunSpec, "job">): OfflineJobRequest => {
      const target = {
        format: "postgres",
        connection: "shop",
        table: "copied",
        write: "upsert",
        key: ["id"],
      };
      const sql = `SELECT '${groupId}' AS id, $lower AS at WHERE $lower < $upper`;
      const request = requestOf({ job: { sql, target }, ...spec });
      const id = `${groupId}-${request.runId}`;
      return { ...request, groupId, runId: id, idempotencyKey: id };
    };
    const ids = () => place.query("SELECT id FROM copied ORDER BY id");

    beforeEach(() => place.query("CREATE TABLE copied (id text PRIMARY KEY, at timestamptz)"));

    it("are found again although another group has written the same interval since", async () => {
      const [first, second] = [requestBy("eu", HOURLY), requestBy("us", HOURLY)];
      for (const request of [first, second])
        expect(await carryOut(request)).toMatchObject({ state: "SUCCEEDED" });
      bed.restart();
      for (const request of [first, second]) {
        const found = await bed.operator.find(request.idempotencyKey, request);
        expect(found).toMatchObject({ outcome: { state: "SUCCEEDED" } });
      }
      expect(await ids()).toEqual([{ id: "eu" }, { id: "us" }]);
    });

    it("copy everything although another group has copied up to later", async () => {
      const later = { lower: START, upper: START + 2 * HOUR, mode: "full" } as const;
      await carryOut(requestBy("eu", later));
      const outcome = await carryOut(requestBy("us", { ...HOURLY, mode: "full" }));
      expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 1 } });
      expect(await ids()).toEqual([{ id: "eu" }, { id: "us" }]);
    });

    it("are gone with their rows if another one replaces those", async () => {
      const upserted = requestBy("eu", HOURLY);
      await carryOut(upserted);
      const target = { ...table("copied"), write: "replace" };
      await carryOut(
        requestOf({
          job: { sql: "SELECT 'x' AS id, $lower AS at WHERE $lower < $upper", target },
          ...HOURLY,
        }),
      );
      expect(await ids()).toEqual([{ id: "x" }]);
      expect(await bed.restart().find(upserted.idempotencyKey, upserted)).toBeUndefined();
    });
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
    const run = async (groupId: string, lines: readonly string[]) =>
      (await carryOut({ ...requestOf({ job: jobOf(groupId, lines), ...HOURLY }), groupId })).metrics;
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
