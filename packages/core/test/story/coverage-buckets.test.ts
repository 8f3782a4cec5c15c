import { describe, expect, it, jest } from "@jest/globals";
import type { CoverageBuckets } from "../../src/client/coverage-buckets.js";
import type { Run } from "../../src/run/run.js";
import type { Page } from "../../src/store/page.js";
import { DAY, HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** A world whose group has run from T0 on for so many hours, and failed at some. */
async function worldOf(hours: number, failures: readonly number[] = []): Promise<World> {
  const world = await World.start();
  world.operator.answer = ({ upperBound }) =>
    failures.includes((Number(upperBound) - T0) / HOUR - 1) ? failed("no rows") : SUCCEEDED;
  await world.client.register(hourly("orders", { maxAttempts: 1, onFailure: "continue" }));
  for (let n = 1; n <= hours; n += 1) await world.fireAt("orders", T0 + n * HOUR);
  return world;
}

const shown = ({ unit, buckets }: CoverageBuckets) => ({
  unit,
  buckets: buckets.map(
    ({ lower, upper, condition, succeededShare }) =>
      `${(lower - T0) / HOUR}-${(upper - T0) / HOUR} ${condition} ${Math.round(succeededShare * 100)} %`,
  ),
});

describe("a group's time in buckets", () => {
  it("has one for each interval if they fit, those that are owed included", async () => {
    const world = await worldOf(4, [1]);
    await world.client.seal("orders", T0 + HOUR);
    await world.client.pause("orders");
    await world.advance(2 * HOUR);
    const coverage = await world.client.coverageBuckets("orders");
    expect(shown(coverage)).toEqual({
      unit: "interval",
      buckets: [
        "0-1 succeeded 100 %",
        "1-2 failed 0 %",
        "2-3 succeeded 100 %",
        "3-4 succeeded 100 %",
        "4-5 owed 0 %",
        "5-6 owed 0 %",
      ],
    });
    expect(coverage).toMatchObject({ sealedThrough: T0 + HOUR, range: { lower: T0, upper: T0 + 6 * HOUR } });
  });

  it("shows the end of a long backlog without counting all of it", async () => {
    const world = await World.start();
    world.operator.answer = () => "runs";
    const trigger = { type: "period", every: 1, unit: "second" } as const;
    await world.client.register({ groupId: "orders", trigger, startTime: 0 });
    const range = { lower: T0 - 100_500, upper: T0 };
    const { unit, buckets } = await world.client.coverageBuckets("orders", range);
    expect(unit).toBe("interval");
    expect(buckets).toHaveLength(101);
    expect(buckets[0]).toMatchObject({ lower: T0 - 101_000, upper: T0 - 100_000, condition: "owed" });
  });

  it("has units of the calendar if there are too many, with the worst of each", async () => {
    const world = await worldOf(50, [30]);
    expect(shown(await world.client.coverageBuckets("orders", undefined, { limit: 12 }))).toEqual({
      unit: "day",
      buckets: ["0-24 succeeded 100 %", "24-48 failed 96 %", "48-50 succeeded 100 %"],
    });
  });

  it("reads none of the runs that have succeeded, however many others there are between them", async () => {
    const gaps = Array.from({ length: 110 }, (_, n) => 2 * n + 1);
    const world = await worldOf(220, gaps);
    const scan = jest.spyOn(world.store, "coverage");
    const list = jest.spyOn(world.store, "listRuns");
    const { unit, buckets } = await world.client.coverageBuckets("orders", undefined, { limit: 12 });
    expect(unit).toBe("day");
    expect(new Set(buckets.map(({ condition }) => condition))).toEqual(new Set(["failed"]));
    expect(buckets.every(({ succeededShare }) => succeededShare === 0.5)).toBe(true);
    expect(scan).not.toHaveBeenCalled();
    const read = await Promise.all(list.mock.results.map(({ value }) => value as Promise<Page<Run>>));
    expect(read.flatMap(({ items }) => items).filter(({ state }) => state === "SUCCEEDED")).toEqual([]);
  });

  it("begins days and hours in the group's zone", async () => {
    const world = await World.start();
    await world.client.register(hourly("orders", { timezone: "Asia/Kathmandu" }));
    for (let n = 1; n <= 30; n += 1) await world.fireAt("orders", T0 + n * HOUR);
    const { buckets } = await world.client.coverageBuckets("orders", undefined, { limit: 10 });
    // Midnight of Nepal is 18:15 in UTC.
    expect(buckets.map(({ upper }) => (upper - T0) / HOUR)).toEqual([18.25, 30]);
  });

  it("shows of a range what is over, and nothing of one that is not", async () => {
    const world = await worldOf(4);
    const range = { lower: T0 + 2 * HOUR, upper: T0 + 100 * HOUR };
    expect(shown(await world.client.coverageBuckets("orders", range)).buckets).toEqual([
      "2-3 succeeded 100 %",
      "3-4 succeeded 100 %",
    ]);
    const later = { lower: T0 + 10 * HOUR, upper: T0 + 11 * HOUR };
    expect((await world.client.coverageBuckets("orders", later)).buckets).toEqual([]);
  });

  it("shows a source group as it was reported, and what nobody has reported as missing", async () => {
    const world = await World.start();
    await world.client.registerSource({ groupId: "vendor", startTime: T0 });
    await world.client.reportCoverage("vendor", { lower: T0, upper: T0 + DAY });
    await world.client.reportCoverage("vendor", { lower: T0 + 2 * DAY, upper: T0 + 3 * DAY });
    expect(shown(await world.client.coverageBuckets("vendor")).buckets).toEqual([
      "0-24 succeeded 100 %",
      "48-72 succeeded 100 %",
    ]);
    for (let day = 3; day < 15; day += 1) {
      const lower = T0 + day * DAY;
      await world.client.reportCoverage("vendor", { lower, upper: lower + DAY, version: `${day}` });
    }
    const zoomed = shown(await world.client.coverageBuckets("vendor", undefined, { limit: 10 }));
    expect(zoomed.unit).toBe("week");
    expect(zoomed.buckets[0]).toMatch(/missing/);
    expect(zoomed.buckets.at(-1)).toMatch(/succeeded 100 %/);
  });

  it("refuses a range that is empty, and a limit that is none", async () => {
    const world = await worldOf(1);
    const ask = (limit: number, upper = T0 + HOUR) =>
      world.client.coverageBuckets("orders", { lower: T0, upper }, { limit });
    await expect(ask(5_001)).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "limit" });
    await expect(ask(100, T0)).rejects.toMatchObject({ code: "INTERVAL_INVALID", field: "range" });
  });
});
