import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { RowCounts } from "@tidegate/core/operator";
import { Bed, HOUR, requestOf } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const HOURLY = { lower: START, upper: START + HOUR };

describe("verification of an interval", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  function job(lines: readonly string[]): JsonObject {
    const path = bed.write("in.csv", ["id,at", ...lines, ""].join("\n"));
    const columns = { id: "INTEGER", at: "TIMESTAMP" };
    return { source: { format: "csv", path, timeColumn: "at", columns }, target: { path: bed.target } };
  }

  function verify(job: JsonObject, withChecksum = true): Promise<RowCounts> {
    const signal = new AbortController().signal;
    return bed.operator.verify!(requestOf({ job, ...HOURLY }), { signal, withChecksum });
  }

  const LINES = ["1,2026-01-01T00:10:00Z", "2,2026-01-01T00:20:00Z", "3,2026-01-01T01:00:00Z"];

  it("counts the good rows and the bad ones, and compares their contents in any order", async () => {
    const lines = [...LINES, "x,2026-01-01T00:20:00Z", "4,never"];
    await bed.run({ job: job(lines), ...HOURLY });
    const { checksums, ...counts } = await verify(job([...lines].reverse()));
    expect(counts).toEqual({ sourceRows: 2, targetRows: 2, rejectedRows: 2 });
    expect(checksums!.target).toBe(checksums!.source);
  });

  it("sees a row that came to the source after its job", async () => {
    await bed.run({ job: job(LINES), ...HOURLY });
    expect(await verify(job([...LINES, "4,2026-01-01T00:30:00Z"]), false)).toEqual({
      sourceRows: 3,
      targetRows: 2,
      rejectedRows: 0,
    });
  });

  it.each([
    ["another value", ["1,2026-01-01T00:10:00Z", "7,2026-01-01T00:20:00Z"]],
    ["a row twice in the place of another", ["1,2026-01-01T00:10:00Z", "1,2026-01-01T00:10:00Z"]],
  ])("sees %s", async (_, lines) => {
    await bed.run({ job: job(LINES), ...HOURLY });
    const { checksums, ...counts } = await verify(job(lines));
    expect(counts).toEqual({ sourceRows: 2, targetRows: 2, rejectedRows: 0 });
    expect(checksums!.target).not.toBe(checksums!.source);
  });

  it("sees a partition that was removed", async () => {
    await bed.run({ job: job(LINES), ...HOURLY });
    rmSync(join(bed.target, bed.partitions()[0]!), { recursive: true });
    expect(await verify(job(LINES))).toMatchObject({ sourceRows: 2, targetRows: 0 });
  });

  it("runs a SELECT again, whatever types Parquet has made of its columns", async () => {
    const sql = `SELECT sum(range) AS total, 'b'::ENUM('a', 'b') AS letter, $lower::TIMESTAMP_S AS at,
      'NaN'::DOUBLE AS none, [1, NULL] AS list, {'a': 1::HUGEINT} AS object FROM range(10) WHERE $lower < $upper`;
    const select = { sql, target: { path: bed.target } };
    await bed.run({ job: select, ...HOURLY });
    const { checksums, ...counts } = await verify(select);
    expect(counts).toEqual({ sourceRows: 1, targetRows: 1 });
    expect(checksums!.target).toBe(checksums!.source);
  });

  it("leaves nothing behind", async () => {
    await bed.run({ job: job([...LINES, "4,never"]), ...HOURLY });
    const before = bed.files();
    await verify(job([...LINES, "4,never", "5,never"]));
    expect(bed.files()).toEqual(before);
  });

  it("is refused for jobs whose rows cannot be compared", () => {
    const target = { format: "postgres", connection: "shop", table: "orders" };
    const { source } = job([]);
    const cannot = (rest: JsonObject, withChecksum: boolean) =>
      bed.operator.cannotVerify({ source: source!, target: { ...target, ...rest } }, withChecksum);
    expect(bed.operator.cannotVerify(job([]), true)).toBeUndefined();
    expect(cannot({ write: "replace" }, false)).toBeUndefined();
    expect(cannot({ write: "replace" }, true)).toMatch(/counted but not hashed/);
    expect(cannot({ write: "upsert", key: ["id"] }, false)).toMatch(/upsert/);
  });
});
