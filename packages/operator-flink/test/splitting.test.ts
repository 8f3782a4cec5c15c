import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { BEGINNING, type OfflineJobRequest } from "@tidegate/core/operator";
import { aRequest as firstRequest, untroubled } from "@tidegate/testkit";
import { createFlinkOperator } from "../src/index.js";
import { fillingOf, taskOf, workOf } from "../src/run/task.js";
import { POSITIONS } from "../src/sync/positions.js";
import { SINKS } from "../src/sync/sinks.js";
import { SOURCES } from "../src/sync/sources.js";

const operator = createFlinkOperator({ url: "http://localhost:1", gatewayUrl: "http://localhost:1" });
const HOUR = 3_600_000;
const START = Date.UTC(2026, 0, 1);

const jobOf = (source: JsonObject, sink: JsonObject = {}): JsonObject => ({
  sync: {
    source: { connector: "jdbc", columns: { id: "INT", at: "TIMESTAMP(3)" }, timeColumn: "at", ...source },
    sink: { connector: "jdbc", primaryKey: ["id"], ...sink },
  },
});

const requestOf = (job: JsonObject, length = HOUR) =>
  firstRequest(job, { lowerBound: String(START), upperBound: String(START + length) });

/** The bounds of a snapshot. */
const ALL_TIME = { mode: "full", lowerBound: BEGINNING } as const;

/** The conditions that the statements of a job's shards end with. */
async function conditions(
  job: JsonObject,
  target: number,
  length = HOUR,
  timezone?: string,
): Promise<string[]> {
  const sync = job.sync as JsonObject;
  const whole = timezone === undefined ? job : { sync: { ...sync, timezone } };
  return conditionsOf(requestOf(whole, length), target);
}

async function conditionsOf(request: OfflineJobRequest, target: number): Promise<string[]> {
  const statements = await statementsOf(request, target);
  return statements.map(({ statement }) => statement.split("{{upper.")[1]!.replace(/^\w+\}\}/, ""));
}

/** The SQL of each shard's job. */
async function statementsOf(request: OfflineJobRequest, target: number) {
  const { shards } = await operator.split!(request, { ...untroubled(), target });
  const work = workOf(request.job as unknown as Parameters<typeof workOf>[0], {
    sources: SOURCES,
    positions: POSITIONS,
    sinks: SINKS,
  });
  return shards.map(({ key, args }) => {
    const shard = { key, args, count: shards.length };
    const task = taskOf({ request: { ...request, shard }, job: work });
    expect(task.filling).toEqual(fillingOf({ request: { ...request, shard }, job: work }));
    expect(task.name).toContain(key);
    return task.work.job as { readonly setup: readonly string[]; readonly statement: string };
  });
}

describe("a copy from a database", () => {
  it("is divided by the time of its interval, which each shard keeps as well", async () => {
    expect(await conditions(jobOf({}), 3)).toEqual([
      " AND `at` < TIMESTAMP '2026-01-01 00:20:00.000'",
      " AND `at` >= TIMESTAMP '2026-01-01 00:20:00.000' AND `at` < TIMESTAMP '2026-01-01 00:40:00.000'",
      " AND `at` >= TIMESTAMP '2026-01-01 00:40:00.000'",
    ]);
    expect(await conditions(jobOf({ timeType: "epochMs" }), 2)).toEqual([
      ` AND \`at\` < CAST(${START + HOUR / 2} AS BIGINT)`,
      ` AND \`at\` >= CAST(${START + HOUR / 2} AS BIGINT)`,
    ]);
  });

  it("is read and written by all shards with the columns that its job declares, whatever the table has by then", async () => {
    const shards = await statementsOf(requestOf(jobOf({})), 3);
    expect(shards).toHaveLength(3);
    const [first] = shards;
    expect(first!.setup.join()).toMatch(/`id` INT.*`at` TIMESTAMP\(3\)/s);
    for (const { setup, statement } of shards) {
      expect(setup).toEqual(first!.setup);
      expect(statement.split(" WHERE ")[0]).toBe(first!.statement.split(" WHERE ")[0]);
    }
  });

  it("is divided by whole days if its time is a date", async () => {
    expect(await conditions(jobOf({ timeType: "date" }), 8, 48 * HOUR)).toEqual([
      " AND `at` < DATE '2026-01-01'",
      " AND `at` >= DATE '2026-01-01' AND `at` < DATE '2026-01-02'",
      " AND `at` >= DATE '2026-01-02'",
    ]);
  });

  it("has no cut that goes back where a zone's clock does", async () => {
    const job = jobOf({});
    const request = {
      ...requestOf({ sync: { ...(job.sync as JsonObject), timezone: "Europe/Berlin" } }),
      lowerBound: String(Date.UTC(2026, 9, 24, 23)),
      upperBound: String(Date.UTC(2026, 9, 25, 3)),
    };
    const { shards } = await operator.split!(request, { ...untroubled(), target: 4 });
    // Two o'clock comes twice: at midnight and at one o'clock in UTC.
    expect(shards.map(({ args }) => args.lower)).toEqual([
      undefined,
      String(Date.UTC(2026, 9, 25, 0)),
      String(Date.UTC(2026, 9, 25, 2)),
    ]);
  });

  it("is divided by a column of numbers, rows beyond its range and without a number included", async () => {
    const split = { column: "id", from: 1, to: 100 };
    expect(await conditions(jobOf({ split }), 2)).toEqual([
      " AND `id` < CAST(51 AS BIGINT)",
      " AND `id` >= CAST(51 AS BIGINT)",
      " AND `id` IS NULL",
    ]);
    expect(operator.notesOn(jobOf({ split }))).toEqual([
      "job.sync.source.split: shards see different moments of the table, and a row whose id is updated meanwhile may be in two shards, or in none.",
    ]);
  });

  it("is divided by the same numbers whatever its run reads: positions, or all time", async () => {
    const split = { column: "id", from: 1, to: 100 };
    const numbers = [
      " AND `id` < CAST(51 AS BIGINT)",
      " AND `id` >= CAST(51 AS BIGINT)",
      " AND `id` IS NULL",
    ];
    const byPositions = {
      boundaryType: "OFFSET",
      lowerBound: '{"main":"5"}',
      upperBound: '{"main":"900"}',
      interval: { lower: START, upper: START + HOUR },
    } as const;
    const { timeColumn: _, ...source } = (jobOf({ split, cursorColumn: "id" }).sync as JsonObject)
      .source as JsonObject;
    const sink = { connector: "jdbc", primaryKey: ["id"] };
    expect(await conditionsOf({ ...requestOf({ sync: { source, sink } }), ...byPositions }, 2)).toEqual(
      numbers,
    );
    expect(await conditionsOf({ ...requestOf(jobOf({ split })), ...ALL_TIME }, 2)).toEqual(numbers);
  });

  it("is one shard if it reads all time, which has no middle", async () => {
    for (const timeType of ["timestamp", "epochMs", "date"])
      expect(await conditionsOf({ ...requestOf(jobOf({ timeType })), ...ALL_TIME }, 4)).toEqual([
        " AND `at` IS NOT NULL",
      ]);
  });

  it("cannot be divided if its sink does not replace rows by key, or if it is no table", () => {
    expect(operator.canSplit(jobOf({}))).toBe(true);
    expect(operator.canSplit(jobOf({}, { connector: "upsert-kafka" }))).toBe(true);
    expect(operator.canSplit(jobOf({}, { rerun: "appends" }))).toBe(false);
    const folder = { connector: "filesystem", options: { path: "/lake" } };
    expect(
      operator.canSplit({ sync: { source: (jobOf({}).sync as JsonObject).source!, sink: folder } }),
    ).toBe(false);
    expect(operator.canSplit(jobOf({ connector: "kafka" }))).toBe(false);
    expect(operator.cannotSplit(jobOf({ connector: "kafka" }))).toContain("from a source of connector jdbc");
    expect(operator.cannotSplit(jobOf({}))).toBeUndefined();
    expect(operator.canSplit({ sql: { statement: "INSERT INTO a SELECT 1", rerun: "replaces" } })).toBe(
      false,
    );
  });

  it("is refused a range that ends before it begins", () => {
    expect(() => operator.validate(jobOf({ split: { column: "id", from: 2, to: 1 } }))).toThrow(
      "job.sync.source.split.to",
    );
  });
});
