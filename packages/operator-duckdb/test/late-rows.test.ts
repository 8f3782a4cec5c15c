import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { Bed, HOUR, requestOf } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const hour = (n: number) => ({ lower: START + n * HOUR, upper: START + (n + 1) * HOUR });

/** Rows that arrived in the sixth hour, and when their events were. */
const ROWS = [
  "a,2026-01-01T05:10:00Z,2026-01-01T05:09:00Z",
  "b,2026-01-01T05:20:00Z,2026-01-01T02:00:00Z",
  "c,2026-01-01T05:30:00Z,2026-01-01T02:59:59.999Z",
  "d,2026-01-01T05:40:00Z,2025-12-31T23:30:00Z",
  "e,2026-01-01T05:50:00Z,",
  "f,2026-01-01T05:55:00Z,2026-01-01T06:00:00Z",
];

describe("rows whose events lie outside of their interval", () => {
  let bed: Bed;
  let path: string;
  beforeEach(() => {
    bed = new Bed();
    path = bed.write("in.csv", ["id,arrived,happened", ...ROWS, ""].join("\n"));
  });
  afterEach(() => bed.dispose());

  const jobOf = (eventTime: JsonObject, type = "TIMESTAMP"): JsonObject => ({
    source: {
      format: "csv",
      path,
      timeColumn: "arrived",
      columns: { id: "VARCHAR", arrived: "TIMESTAMP", happened: type },
    },
    target: { path: bed.target },
    eventTime,
  });
  const late = [
    { ...hour(-1), rows: 1 },
    { ...hour(2), rows: 2 },
    { ...hour(6), rows: 1 },
  ];

  it.each(["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP_NS", "VARCHAR"])(
    "are counted by the intervals that they belong to, as %s",
    async (type) => {
      const outcome = await bed.run({ job: jobOf({ column: "Happened" }, type), ...hour(5) });
      expect(outcome).toMatchObject({ state: "SUCCEEDED", metrics: { rowsWritten: 6 } });
      expect(outcome.touched).toEqual([{ intervals: late }]);
    },
  );

  it("are reported to another group with the run's own interval", async () => {
    const job = jobOf({ column: "happened", groupId: "facts" });
    const outcome = await bed.run({ job, ...hour(5) });
    expect(outcome.touched).toEqual([
      { groupId: "facts", intervals: [...late.slice(0, 2), { ...hour(5), rows: 1 }, late[2]] },
    ]);
  });

  it("are still reported when the job is found again after a restart", async () => {
    const job = jobOf({ column: "happened" });
    await bed.run({ job, ...hour(5) });
    const request = requestOf({ job, ...hour(5) });
    expect(await bed.restart().find(request.idempotencyKey, request)).toMatchObject({
      outcome: { state: "SUCCEEDED", touched: [{ intervals: late }] },
    });
  });

  it.each([
    ["s", 1_000],
    ["ms", 1],
    ["us", 0.001],
  ])("are counted in numbers of %s, too", async (unit, ms) => {
    const at = (START + 2 * HOUR) / ms;
    const sql = `SELECT ${at}::BIGINT AS happened WHERE $lower_ms < $upper_ms`;
    const job = { sql, target: { path: bed.target }, eventTime: { column: "happened", unit } };
    expect((await bed.run({ job, ...hour(5) })).touched).toEqual([{ intervals: [{ ...hour(2), rows: 1 }] }]);
  });

  it("are one interval where there would be too many", async () => {
    const sql = `SELECT to_timestamp(${START / 1_000} - 3600 * i) AS happened FROM range(1, 1202) t (i) WHERE $lower_ms < $upper_ms`;
    const job = { sql, target: { path: bed.target }, eventTime: { column: "happened" } };
    const [touched] = (await bed.run({ job, ...hour(0) })).touched!;
    expect(touched!.intervals).toHaveLength(1_000);
    expect(touched!.intervals[0]).toEqual({
      lower: hour(-1_201).lower,
      upper: hour(-1_000).upper,
      rows: 202,
    });
    expect(touched!.intervals.at(-1)).toEqual({ ...hour(-1), rows: 1 });
  });

  it("are none if all rows belong to the interval, or if a run reads everything", async () => {
    const job = jobOf({ column: "arrived" });
    expect((await bed.run({ job, ...hour(5) })).touched).toBeUndefined();
    const full = { ...jobOf({ column: "happened" }), target: { path: `${bed.target}-full` } };
    expect((await bed.run({ job: full, ...hour(5), mode: "full" })).touched).toBeUndefined();
  });

  it("need a column that the rows have", async () => {
    expect(await bed.run({ job: jobOf({ column: "nothing" }), ...hour(5) })).toMatchObject({
      state: "FAILED",
      error: { code: "JOB_INVALID" },
      isRetryable: false,
    });
    expect(() => bed.operator.validate(jobOf({ column: "happened", groupId: "a b" }))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "job.eventTime.groupId" }),
    );
  });

  it("leave the first generation readable when a later one fails", async () => {
    await bed.run({ job: jobOf({ column: "happened" }), ...hour(5) });
    const failing = { job: jobOf({ column: "nothing" }), ...hour(5), generation: 1 };
    expect(await bed.run(failing)).toMatchObject({ state: "FAILED" });
    expect(await bed.rows("id")).toHaveLength(6);
  });
});
