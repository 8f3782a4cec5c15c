import { describe, expect, it } from "@jest/globals";
import type { Run, Schedule } from "@tidegate/core";
import { criticalPath, typicalMs } from "../src/app/pages/dependencies/critical-path.js";
import { around, graphOf, windowText } from "../src/app/pages/dependencies/graph.js";
import { layersOf } from "../src/app/pages/dependencies/layers.js";

const group = (groupId: string, ...needs: string[]): Schedule =>
  ({
    spec: {
      groupId,
      dependsOn: needs.length === 0 ? null : { all: needs.map((each) => ({ groupId: each })) },
    },
  }) as unknown as Schedule;

const GROUPS = [
  group("alone"),
  group("raw"),
  group("clean", "raw"),
  group("daily", "clean", "daily"),
  group("report", "daily", "raw"),
  group("mail", "report"),
];

describe("the picture of dependencies", () => {
  it("has the groups that need others or are needed, also those that are not registered", () => {
    const { nodes, edges } = graphOf([...GROUPS, group("late", "absent")]);
    expect(nodes.map(({ groupId }) => groupId)).toEqual([
      "absent",
      "clean",
      "daily",
      "late",
      "mail",
      "raw",
      "report",
    ]);
    expect(nodes[0]).toEqual({ groupId: "absent", schedule: undefined });
    expect(edges).toHaveLength(6);
  });

  it("has each group right of all that it needs", () => {
    const graph = graphOf(GROUPS);
    const places = layersOf(graph);
    expect(Object.fromEntries([...places].map(([id, { layer }]) => [id, layer]))).toEqual({
      raw: 0,
      clean: 1,
      daily: 2,
      report: 3,
      mail: 4,
    });
    for (const { from, to } of graph.edges) {
      expect(places.get(from)!.layer).toBeLessThan(places.get(to)!.layer);
    }
  });

  it("lets few lines cross", () => {
    const graph = graphOf([
      ...["a", "b", "c"].map((each) => group(each)),
      group("x", "c"),
      group("y", "b"),
      group("z", "a"),
    ]);
    const places = layersOf(graph);
    for (const { from, to } of graph.edges) expect(places.get(from)!.row).toBe(places.get(to)!.row);
  });

  it("has those around one group, if there are too many", () => {
    const near = around(graphOf(GROUPS), "mail", 2);
    expect(near.nodes.map(({ groupId }) => groupId)).toEqual(["daily", "mail", "raw", "report"]);
    expect(near.edges.map(({ from, to }) => `${from} ${to}`)).toEqual([
      "daily report",
      "raw report",
      "report mail",
    ]);
  });

  it("has windows in words", () => {
    expect(windowText({ groupId: "a" })).toBe("its own interval");
    expect(windowText({ groupId: "a", window: { align: "day", from: "-6 days" }, atLeast: "90%" })).toBe(
      "its interval in whole days, from -6 days, at least 90%",
    );
    expect(windowText({ groupId: "a", window: { to: "+1 day" }, atLeast: { missing: "2 hours" } })).toBe(
      "its own interval, to +1 day, all but 2 hours",
    );
  });
});

const HOUR = 3_600_000;
const NOW = 100 * HOUR;

const run = (groupId: string, hour: number, more: Partial<Run> = {}): Run =>
  ({
    id: `${groupId} ${hour}`,
    groupId,
    lower: hour * HOUR,
    upper: (hour + 1) * HOUR,
    state: "PLANNED",
    place: "ready",
    startedAt: null,
    submittedAt: null,
    endedAt: null,
    readyAt: null,
    wait: null,
    ...more,
  }) as unknown as Run;

/** A run that waits for others to cover its hour. */
const gated = (groupId: string, hour: number, ...needs: string[]): Run => {
  const window = { lower: hour * HOUR, upper: (hour + 1) * HOUR };
  const unmet = needs.map((each) => ({
    groupId: each,
    window,
    by: "succeeded",
    missing: [window],
    missingMs: HOUR,
  }));
  return run(groupId, hour, {
    place: "gated",
    wait: { reason: "dependency", since: NOW, unmet } as Run["wait"],
  });
};

const running = (groupId: string, hour: number, startedAt: number): Run =>
  run(groupId, hour, { state: "RUNNING", place: "active", startedAt });

/** A ledger of some open runs, and of how many hours runs of each group have taken. */
const ledger = (open: readonly Run[], hours: Readonly<Record<string, number>>) => ({
  openRuns: async (groupId: string) => open.filter((each) => each.groupId === groupId),
  doneRuns: async (groupId: string) =>
    hours[groupId] === undefined
      ? []
      : [run(groupId, 0, { state: "SUCCEEDED", startedAt: 0, endedAt: hours[groupId] * HOUR })],
});

const named = (path: Awaited<ReturnType<typeof criticalPath>>) =>
  path.map(({ groupId, run: of, endsAt }) => [
    of?.id ?? groupId,
    endsAt === undefined ? undefined : (endsAt - NOW) / HOUR,
  ]);

describe("the critical path of a run", () => {
  const report = gated("report", 7, "daily", "rates");

  it("follows what it waits for longest, and adds up how long runs usually take", async () => {
    const open = [report, gated("daily", 7, "raw"), running("rates", 7, NOW), running("raw", 7, NOW - HOUR)];
    const reader = ledger(open, { report: 1, daily: 2, raw: 4, rates: 4 });
    expect(named(await criticalPath(reader, report, NOW))).toEqual([
      ["report 7", 6],
      ["daily 7", 5],
      ["raw 7", 3],
    ]);
  });

  it("leads to a run that has failed before all others, and then says no time", async () => {
    const open = [report, run("daily", 7, { state: "FAILED", place: "blocking" }), running("rates", 7, NOW)];
    const reader = ledger(open, { report: 1, daily: 1, rates: 90 });
    expect(named(await criticalPath(reader, report, NOW))).toEqual([
      ["report 7", undefined],
      ["daily 7", undefined],
    ]);
  });

  it("leads to a group that has no run for what is missing, such as a source", async () => {
    const reader = ledger([report, running("daily", 7, NOW), running("rates", 3, NOW)], {
      report: 1,
      daily: 1,
    });
    expect(named(await criticalPath(reader, report, NOW))).toEqual([
      ["report 7", undefined],
      ["rates", undefined],
    ]);
  });

  it("goes through the lane: a run waits for the one before it", async () => {
    const next = run("daily", 8, { place: "waiting" });
    const reader = ledger([running("daily", 7, NOW - HOUR), next, run("daily", 9, { place: "waiting" })], {
      daily: 3,
    });
    expect(named(await criticalPath(reader, next, NOW))).toEqual([
      ["daily 8", 5],
      ["daily 7", 2],
    ]);
  });

  it("ends, also if groups wait for each other", async () => {
    const first = gated("a", 1, "b");
    const path = await criticalPath(ledger([first, gated("b", 1, "a")], {}), first, NOW);
    expect(path.length).toBeLessThanOrEqual(12);
  });

  it("takes the median of how long runs took", () => {
    const took = (hours: number) => run("a", hours, { startedAt: 0, endedAt: hours * HOUR });
    expect(typicalMs([took(1), took(9), took(2)])).toBe(2 * HOUR);
    expect(typicalMs([])).toBeUndefined();
  });
});
