import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DirtyDataLimit, JsonObject } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import { Bed, HOUR, query, tiles } from "./bed.js";

const START = Date.UTC(2026, 0, 1);
const FIRST = { lower: START, upper: START + HOUR };
const SECOND = { lower: START + HOUR, upper: START + 2 * HOUR };
const FIRST_NAME = "20260101T000000.000Z_20260101T010000.000Z.jsonl";

describe("bad rows", () => {
  let bed: Bed;
  beforeEach(() => {
    bed = new Bed();
  });
  afterEach(() => bed.dispose());

  function csvJob(lines: readonly (string | Uint8Array)[], columns: Record<string, string> = {}): JsonObject {
    const content = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from("\n")]));
    const path = bed.write("in.csv", content);
    return jobOf({ format: "csv", path, columns: { id: "INTEGER", time: "TIMESTAMP", ...columns } });
  }

  function jsonJob(content: string, columns: Record<string, string> = {}): JsonObject {
    const path = bed.write("in.json", content);
    return jobOf({ format: "json", path, columns: { id: "INTEGER", time: "TIMESTAMP", ...columns } });
  }

  function jobOf(source: JsonObject): JsonObject {
    return { source: { timeColumn: "time", ...source }, target: { path: bed.target } };
  }

  function counted(outcome: JobOutcome) {
    const { rowsRead, rowsWritten, rowsDirty } = outcome.metrics ?? {};
    return { state: outcome.state, rowsRead, rowsWritten, rowsDirty };
  }

  it("of a CSV file are kept with their file, the reason and what they held", async () => {
    const job = csvJob(
      [
        "id,time,value",
        "1,2026-01-01T00:10:00Z,1.5",
        "two,2026-01-01T00:20:00Z,2.5",
        "3,2026-01-01T00:30:00Z,many",
        "4.5,2026-01-01T00:40:00Z,4",
        "5,2026-01-01T01:10:00Z,5",
      ],
      { value: "DOUBLE" },
    );
    expect(counted(await bed.run({ job, ...FIRST }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 4,
      rowsWritten: 1,
      rowsDirty: 3,
    });
    expect(await bed.rows("id")).toEqual([{ id: 1 }]);
    const file = join(bed.directory, "in.csv");
    expect(bed.rejected(FIRST_NAME)).toEqual(
      expect.arrayContaining([
        {
          file,
          row: null,
          reason: "id is no INTEGER: two",
          raw: '{"id":"two","time":"2026-01-01T00:20:00Z","value":"2.5"}',
        },
        expect.objectContaining({ reason: "value is no DOUBLE: many" }),
        expect.objectContaining({ reason: "id is no INTEGER: 4.5" }),
      ]),
    );
  });

  it("have no line number in a file whose comments were left out", async () => {
    const torn = "2,2026-01-01T00:20:00Z,torn";
    const lines = ["id,time", "# by hand", "1,2026-01-01T00:10:00Z", torn];
    const { source, target } = csvJob(lines) as { source: JsonObject; target: JsonObject };
    const job = { source: { ...source, options: { comment: "#" } }, target };
    expect(counted(await bed.run({ job, ...FIRST }))).toMatchObject({ rowsWritten: 1, rowsDirty: 1 });
    expect(bed.rejected(FIRST_NAME)).toEqual([
      expect.objectContaining({ file: join(bed.directory, "in.csv"), row: null, raw: torn }),
    ]);
  });

  it("of a CSV file that do not split into its columns are kept as they are, in the interval of their time", async () => {
    const job = csvJob([
      "id,time,note",
      "1,2026-01-01T00:10:00Z,fine",
      "2,2026-01-01T00:20:00Z",
      '3,"2026-01-01T00:30:00Z",one,more',
      Buffer.from([...Buffer.from("4,2026-01-01T00:40:00Z,"), 0xff, 0xfe]),
      "5,2026-01-01T01:20:00Z",
    ]);
    expect(counted(await bed.run({ job, ...FIRST }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 4,
      rowsWritten: 1,
      rowsDirty: 3,
    });
    expect(bed.rejected(FIRST_NAME)).toEqual([
      expect.objectContaining({
        row: 3,
        raw: "2,2026-01-01T00:20:00Z",
        reason: expect.stringContaining("Found: 2"),
      }),
      expect.objectContaining({ row: 4, raw: '3,"2026-01-01T00:30:00Z",one,more' }),
      expect.objectContaining({ row: 5, reason: expect.stringContaining("unicode") }),
    ]);
    expect(counted(await bed.run({ job, ...SECOND }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 1,
      rowsWritten: 0,
      rowsDirty: 1,
    });
  });

  it("of lines of JSON are kept as they are", async () => {
    const lines = [
      '{"id": 1, "time": "2026-01-01T00:10:00Z", "tags": {"a": [1, null]}}',
      '{"id": "two", "time": "2026-01-01T00:20:00Z"}',
      '{"id": 1.5, "time": "2026-01-01T00:30:00Z"}',
      '{"id": "12", "time": "2026-01-01T00:40:00Z", "tags": "text"}',
      "",
      '{"id": 3, "time"',
      "[1, 2]",
      "17",
    ];
    const job = jsonJob(lines.join("\n"), { tags: "JSON" });
    expect(counted(await bed.run({ job, ...FIRST }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 7,
      rowsWritten: 2,
      rowsDirty: 5,
    });
    expect(await bed.rows("id, tags")).toEqual([
      { id: 1, tags: '{"a":[1,null]}' },
      { id: 12, tags: '"text"' },
    ]);
    expect(bed.rejected(FIRST_NAME).map(({ raw }) => raw)).toEqual(
      expect.arrayContaining([lines[1], lines[2]]),
    );
    expect(bed.rejected(`untimed/${FIRST_NAME}`).map(({ raw }) => raw)).toEqual(
      expect.arrayContaining(lines.slice(5)),
    );
  });

  it("of an array of JSON are kept as they are", async () => {
    const job = jsonJob(
      '[{"id": 1, "time": "2026-01-01T00:10:00Z"},\n {"id": "x", "time": "2026-01-01T00:20:00Z"}, 7]',
    );
    expect(counted(await bed.run({ job, ...FIRST }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 3,
      rowsWritten: 1,
      rowsDirty: 2,
    });
    expect(bed.rejected(FIRST_NAME)).toEqual([expect.objectContaining({ reason: "id is no INTEGER: x" })]);
  });

  it("of Parquet are those without a time, kept with the number of their row", async () => {
    const path = join(bed.directory, "in.parquet");
    await query(
      `COPY (FROM (VALUES (1, TIMESTAMP '2026-01-01 00:10:00'), (2, NULL), (3, TIMESTAMP 'infinity')) AS v (id, time)) TO '${path}'`,
    );
    const job = jobOf({ format: "parquet", path });
    expect(counted(await bed.run({ job, ...FIRST }))).toEqual({
      state: "SUCCEEDED",
      rowsRead: 3,
      rowsWritten: 1,
      rowsDirty: 2,
    });
    expect(bed.rejected(`untimed/${FIRST_NAME}`)).toEqual([
      { file: path, row: 2, reason: "the time cannot be read: null", raw: '{"id":2,"time":null}' },
      expect.objectContaining({ row: 3 }),
    ]);
  });

  it("are those of the last attempt", async () => {
    const header = "id,time";
    await bed.run({ job: csvJob([header, "x,2026-01-01T00:10:00Z", "1,never"]), ...FIRST });
    const mended = csvJob([header, "1,2026-01-01T00:10:00Z", "2,2026-01-01T00:20:00Z"]);
    expect(counted(await bed.run({ job: mended, ...FIRST, attempt: 2 }))).toMatchObject({
      rowsWritten: 2,
      rowsDirty: 0,
    });
    expect(bed.files().filter((file) => file.startsWith(".rejected"))).toEqual([]);
  });

  describe("whose time cannot be read", () => {
    const lines = ["id,time", "1,2026-01-01T00:10:00Z", "2,", "3,soon", "3,soon", "4,2026-01-01T01:10:00Z"];

    it("are counted by the first run that meets them, and not by the others", async () => {
      const job = csvJob(lines);
      const outcomes: JobOutcome[] = [];
      for (const tile of tiles(START, START + 4 * HOUR, HOUR)) outcomes.push(await bed.run({ job, ...tile }));
      expect(outcomes.map(({ metrics }) => metrics?.rowsDirty)).toEqual([3, 0, 0, 0]);
      expect(outcomes.reduce((sum, { metrics }) => sum + metrics!.rowsRead!, 0)).toBe(5);
    });

    it("are counted by one run also when several meet them at once", async () => {
      const job = csvJob(lines);
      const parts = tiles(START, START + 4 * HOUR, HOUR);
      const outcomes = await Promise.all(parts.map((part) => bed.run({ job, ...part })));
      expect(outcomes.map(({ metrics }) => metrics?.rowsDirty).sort()).toEqual([0, 0, 0, 3]);
    });

    it("are counted again by another attempt of the run that keeps them", async () => {
      const job = csvJob(lines);
      await bed.run({ job, ...FIRST });
      await bed.run({ job, ...SECOND });
      expect(counted(await bed.run({ job, ...FIRST, attempt: 2 }))).toMatchObject({ rowsDirty: 3 });
    });

    it("are counted when they come later, equal to older ones or not", async () => {
      await bed.run({ job: csvJob(lines), ...FIRST });
      const longer = csvJob([...lines, "3,soon", "5,later"]);
      expect(counted(await bed.run({ job: longer, ...SECOND }))).toMatchObject({ rowsDirty: 2 });
      expect(bed.rejected(`untimed/20260101T010000.000Z_20260101T020000.000Z.jsonl`)).toHaveLength(2);
    });

    it("are counted by every snapshot, which stands for all intervals", async () => {
      const job = csvJob(lines);
      await bed.run({ job, ...FIRST });
      expect(counted(await bed.run({ job, ...SECOND, mode: "full" }))).toMatchObject({ rowsDirty: 3 });
    });
  });

  describe("of a file of ten thousand lines, one in seven garbled in its own way", () => {
    const GARBAGE = [
      (id: number) => `${id}`,
      (id: number) => `${id},`,
      (id: number) => `${id},2026-13-45T00:00:00Z,x`,
      (id: number, time: string) => `${id}e,${time},y`,
      (id: number, time: string) => `${id},${time},a,b,c`,
      (_: number, time: string) => `,,${time}`,
    ];

    it("and the good ones are counted once by the intervals that tile its time", async () => {
      const rows = Array.from({ length: 10_000 }, (_, id) => {
        const time = new Date(START + (id * 4 * HOUR) / 10_000).toISOString();
        return id % 7 === 0 ? GARBAGE[(id / 7) % GARBAGE.length]!(id, time) : `${id},${time},note ${id}`;
      });
      const job = csvJob(["id,time,note", ...rows]);
      const totals = { rowsRead: 0, rowsWritten: 0, rowsDirty: 0 };
      for (const tile of tiles(START, START + 4 * HOUR, HOUR)) {
        const { metrics } = await bed.run({ job, ...tile });
        totals.rowsRead += metrics!.rowsRead!;
        totals.rowsWritten += metrics!.rowsWritten!;
        totals.rowsDirty += metrics!.rowsDirty!;
      }
      expect(totals).toEqual({ rowsRead: 10_000, rowsWritten: 8_571, rowsDirty: 1_429 });
      expect(await bed.rows("count(DISTINCT id) AS ids, count(*) AS rows")).toEqual([
        { ids: "8571", rows: "8571" },
      ]);
    });
  });

  describe("beyond the schedule's limit", () => {
    const lines = [
      "id,time",
      "1,2026-01-01T00:10:00Z",
      "2,2026-01-01T00:20:00Z",
      "x,2026-01-01T00:30:00Z",
      "y,2026-01-01T00:40:00Z",
    ];

    it.each<[string, DirtyDataLimit, string]>([
      ["as many as are allowed", { maxRows: 2 }, "SUCCEEDED"],
      ["more than are allowed", { maxRows: 1 }, "FAILED"],
      ["as large a share as is allowed", { maxRatio: 0.5 }, "SUCCEEDED"],
      ["a larger share than is allowed", { maxRatio: 0.49 }, "FAILED"],
      ["few, but too large a share", { maxRows: 10, maxRatio: 0.1 }, "FAILED"],
      ["none are allowed", { maxRows: 0 }, "FAILED"],
    ])("%s", async (_, dirtyData, state) => {
      expect(await bed.run({ job: csvJob(lines), ...FIRST }, { dirtyData })).toMatchObject({ state });
    });

    it("fail the run for good, show nothing of it, and are kept to look at", async () => {
      const outcome = await bed.run({ job: csvJob(lines), ...FIRST }, { dirtyData: { maxRows: 1 } });
      expect(outcome).toEqual({
        state: "FAILED",
        isRetryable: false,
        metrics: { rowsRead: 4, rowsWritten: 0, rowsDirty: 2 },
        error: { code: "DIRTY_DATA_LIMIT", message: expect.stringContaining("2 of 4 rows were bad") },
        log: { lines: expect.arrayContaining(["Bad rows: 2"]), first: 0 },
      });
      expect(bed.partitions()).toEqual([]);
      expect(bed.rejected(FIRST_NAME)).toHaveLength(2);
      expect(existsSync(join(bed.target, ".tidegate", FIRST_NAME.replace(".jsonl", "")))).toBe(false);
    });

    it("leave what the interval showed before", async () => {
      const job = csvJob(lines);
      await bed.run({ job, ...FIRST });
      await bed.run({ job, ...FIRST, generation: 1 }, { dirtyData: { maxRows: 0 } });
      expect(await bed.rows("id")).toEqual([{ id: 1 }, { id: 2 }]);
    });
  });
});
