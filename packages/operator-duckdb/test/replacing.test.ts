import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { FIRST_INSTANT } from "@tidegate/core/operator";
import { untroubled } from "@tidegate/testkit";
import { Bed, HOUR, requestOf } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const SECOND = { lower: START + HOUR, upper: START + 2 * HOUR };
const BOTH = { lower: START, upper: START + 2 * HOUR };

describe("a target", () => {
  let bed: Bed;
  let job: JsonObject;
  beforeEach(() => {
    bed = new Bed();
    job = jobOf(["a,2026-01-01T00:30:00Z", "b,2026-01-01T01:30:00Z"]);
  });
  afterEach(() => bed.dispose());

  function jobOf(lines: readonly string[]): JsonObject {
    const path = bed.write("in.csv", ["id,time", ...lines, ""].join("\n"));
    const columns = { id: "VARCHAR", time: "TIMESTAMP" };
    return { source: { format: "csv", path, timeColumn: "time", columns }, target: { path: bed.target } };
  }

  async function ids(): Promise<unknown[]> {
    return (await bed.rows("id")).map(({ id }) => id);
  }

  it("shows what the last attempt at an interval wrote, and nothing of those before", async () => {
    await bed.run({ job, ...FIRST });
    jobOf(["c,2026-01-01T00:40:00Z"]);
    await bed.run({ job, ...FIRST, attempt: 2 });
    expect(await ids()).toEqual(["c"]);
  });

  it("shows a later generation in place of an earlier one, whose key is then unknown", async () => {
    await bed.run({ job, ...FIRST });
    const rerun = requestOf({ job, ...FIRST, generation: 1 });
    expect(await bed.operator.find(rerun.idempotencyKey, rerun)).toBeUndefined();
    await bed.run({ job, ...FIRST, generation: 1 });
    expect(await ids()).toEqual(["a"]);
    const first = requestOf({ job, ...FIRST });
    expect(await bed.restart().find(first.idempotencyKey, first)).toBeUndefined();
    expect(await bed.operator.find(rerun.idempotencyKey, rerun)).toMatchObject({
      outcome: { state: "SUCCEEDED" },
    });
  });

  it("keeps what it shows when a later attempt fails", async () => {
    await bed.run({ job, ...FIRST });
    const broken = { ...job, source: { ...(job.source as JsonObject), timeColumn: "nothing" } };
    expect(await bed.run({ job: broken, ...FIRST, attempt: 2 })).toMatchObject({ state: "FAILED" });
    expect(await ids()).toEqual(["a"]);
  });

  it("holds nothing but partitions, when no job runs", async () => {
    await bed.run({ job, ...FIRST });
    await bed.run({ job, ...SECOND });
    expect(bed.files()).toEqual([
      "interval=20260101T000000.000Z_20260101T010000.000Z/part.parquet",
      "interval=20260101T010000.000Z_20260101T020000.000Z/part.parquet",
    ]);
  });

  it("loses the leftovers of a dead attempt to the next one, and keeps those of other intervals", async () => {
    const work = join(bed.target, ".tidegate");
    const dead = join(work, "20260101T000000.000Z_20260101T010000.000Z", "dead-1");
    const other = join(work, "20260101T010000.000Z_20260101T020000.000Z", "alive-1");
    for (const directory of [dead, other]) {
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "part.tmp"), "half");
    }
    await bed.run({ job, ...FIRST });
    expect([existsSync(dead), existsSync(other)]).toEqual([false, true]);
    expect(await ids()).toEqual(["a"]);
  });

  it("never builds a path from a run's id or a group's name", async () => {
    const request = { ...requestOf({ job, ...FIRST }), runId: "../../escape", groupId: "../group" };
    const context = untroubled();
    const { jobId } = await bed.operator.submit(request, context);
    expect(await bed.operator.wait(jobId, request, context)).toMatchObject({ state: "SUCCEEDED" });
    expect(bed.files()).toEqual(["interval=20260101T000000.000Z_20260101T010000.000Z/part.parquet"]);
  });

  describe("that an abandoned job wrote into", () => {
    it("loses the parts of an interval that is merged, and their bad rows", async () => {
      await bed.run({
        job: jobOf(["a,2026-01-01T00:30:00Z", "2026-01-01T00:40:00Z", ",2026-01-01T00:50:00Z,x"]),
        ...FIRST,
      });
      expect(bed.rejected("20260101T000000.000Z_20260101T010000.000Z.jsonl")).toHaveLength(1);
      jobOf(["a,2026-01-01T00:30:00Z", "b,2026-01-01T01:30:00Z"]);
      await bed.run({ job, ...SECOND });
      await bed.run({ job, ...BOTH });
      expect(await ids()).toEqual(["a", "b"]);
      expect(bed.partitions()).toHaveLength(1);
      expect(bed.files().filter((file) => /rejected.[^u]/.test(file))).toEqual([]);
    });

    it("refuses an interval of which it holds a part that reaches beyond", async () => {
      await bed.run({ job, ...BOTH });
      expect(await bed.run({ job, ...FIRST })).toMatchObject({
        state: "FAILED",
        isRetryable: false,
        error: {
          code: "JOB_FAILED",
          message: expect.stringContaining("interval=20260101T000000.000Z_20260101T020000.000Z"),
        },
      });
      expect(await ids()).toEqual(["a", "b"]);
    });
  });

  describe("of snapshots", () => {
    const upTo = (upper: number) => ({ lower: FIRST_INSTANT, upper, mode: "full" as const });

    it("holds the last one alone", async () => {
      await bed.run({ job, ...upTo(START + HOUR) });
      expect(await ids()).toEqual(["a"]);
      await bed.run({ job, ...upTo(START + 2 * HOUR) });
      expect(await ids()).toEqual(["a", "b"]);
      expect(bed.partitions()).toEqual(["interval=full"]);
    });

    it("is not taken back by an earlier one that comes late", async () => {
      await bed.run({ job, ...upTo(START + 2 * HOUR) });
      const late = await bed.run({ job, ...upTo(START + HOUR) });
      expect(late).toMatchObject({ state: "SUCCEEDED", metrics: { rowsRead: 1, rowsWritten: 0 } });
      expect(await ids()).toEqual(["a", "b"]);
    });

    it("needs no time column: each one holds all rows", async () => {
      const { timeColumn: _, ...source } = job.source as { timeColumn: string };
      await bed.run({ job: { ...job, source }, ...upTo(START) });
      expect(await ids()).toEqual(["a", "b"]);
    });

    it("replaces the intervals that it holds, and goes on with those after it", async () => {
      await bed.run({ job, ...FIRST });
      await bed.run({ job, ...upTo(START + HOUR) });
      await bed.run({ job, ...SECOND });
      expect(await ids()).toEqual(["a", "b"]);
      expect(bed.partitions()).toHaveLength(2);
    });
  });
});
