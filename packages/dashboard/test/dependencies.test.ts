import { describe, expect, it } from "@jest/globals";
import type { Schedule } from "@tidegate/core";
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
