import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { type Bed, HOUR, requestOf } from "../bed.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const SECOND = { lower: START + HOUR, upper: START + 2 * HOUR };

describe("a table of Postgres that is read by positions", () => {
  let place: PostgresPlace;
  let bed: Bed;
  beforeAll(async () => {
    place = await PostgresPlace.make();
  });
  afterAll(() => place.dispose());
  beforeEach(async () => {
    bed = await place.bed();
    await place.query("CREATE TABLE orders (id bigint PRIMARY KEY, small smallint, stamp xid8, note text)");
    await place.query(
      `INSERT INTO orders SELECT n, n, ('1844674407370955160' || n)::xid8, 'n' || n FROM generate_series(1, 5) n`,
    );
  });
  afterEach(() => bed.dispose());

  const job = (cursorColumn: string, target: JsonObject = { path: bed.target }): JsonObject => ({
    source: { format: "postgres", connection: "shop", table: "orders", cursorColumn },
    target,
  });

  it.each([
    ["bigint", "id", ["-9223372036854775808", "3", "9223372036854775808"]],
    ["smallint", "small", ["1", "3", "70000"]],
    ["xid8", "stamp", ["0", "18446744073709551603", "18446744073709551606"]],
  ] as const)("has each row in exactly one range of a %s", async (_, column, [from, through, to]) => {
    const metrics = [];
    for (const run of [
      { ...FIRST, positions: [from, through] as const },
      { ...SECOND, positions: [through, to] as const },
      { ...SECOND, positions: [through, to] as const, attempt: 2 },
    ])
      metrics.push((await bed.run({ job: job(column), ...run })).metrics?.rowsWritten);
    expect(metrics).toEqual([2, 3, 3]);
    expect((await bed.rows("id")).map(({ id }) => id)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("is copied up to the end of the range with mode full", async () => {
    const outcome = await bed.run({ job: job("id"), ...FIRST, positions: ["", "3"], mode: "full" });
    expect(outcome).toMatchObject({ state: "SUCCEEDED" });
    expect((await bed.rows("id")).map(({ id }) => id)).toEqual(["1", "2"]);
  });

  it("updates the rows of the same keys in a table, as often as a range is copied", async () => {
    await place.query("CREATE TABLE copied (LIKE orders INCLUDING ALL)");
    const target = { format: "postgres", connection: "shop", table: "copied", write: "upsert", key: ["id"] };
    const run = { job: job("id", target), ...FIRST, positions: ["2", "4"] as const };
    expect(await bed.run(run)).toMatchObject({ state: "SUCCEEDED" });
    await place.query("UPDATE orders SET note = 'new'");
    expect(await bed.run({ ...run, attempt: 2 })).toMatchObject({ state: "SUCCEEDED" });
    expect(await place.query("SELECT id, note FROM copied ORDER BY id")).toEqual([
      { id: "2", note: "new" },
      { id: "3", note: "new" },
    ]);
  });

  it("keeps its rows if a range of files has no names, and the job is found again", async () => {
    await place.query("CREATE TABLE copied (LIKE orders INCLUDING ALL)");
    await place.query("INSERT INTO copied SELECT * FROM orders");
    const target = { format: "postgres", connection: "shop", table: "copied", write: "upsert", key: ["id"] };
    const source = { format: "csv", path: `${bed.directory}/empty/*.csv` };
    const run = { job: { source, target }, ...FIRST, positions: ["", ""] as const };
    const EMPTY = { state: "SUCCEEDED", metrics: { rowsRead: 0, rowsWritten: 0, rowsDirty: 0 } };
    expect(await bed.run(run)).toMatchObject(EMPTY);
    const request = requestOf(run);
    expect(await bed.restart().find(request.idempotencyKey, request)).toMatchObject({ outcome: EMPTY });
    expect(await place.query("SELECT count(*) AS count FROM copied")).toEqual([{ count: "5" }]);
  });

  it("is refused by a column that holds no positions", async () => {
    expect(await bed.run({ job: job("note"), ...FIRST, positions: ["2", "4"] })).toMatchObject({
      state: "FAILED",
      isRetryable: false,
      error: {
        code: "JOB_INVALID",
        message: expect.stringContaining("job.source.cursorColumn: note is text"),
      },
    });
  });
});
