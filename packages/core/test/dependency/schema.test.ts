import { describe, expect, it } from "@jest/globals";
import { type DependencyTree, leavesOf, upstreamsOf } from "../../src/dependency/dependency.js";
import { checkDependencies } from "../../src/schedule/dependencies-of.js";
import { parseScheduleInfo } from "../../src/schedule/parse.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { hourly, specOf } from "../support/schedules.js";

const other = { groupId: "other" };

/** The error of a schedule with these dependencies, as code and field. */
function refusal(dependsOn: unknown, more: Partial<ScheduleInfo> = {}): { code: string; field: string } {
  try {
    checkDependencies(specOf(hourly("orders", { ...more, dependsOn: dependsOn as DependencyTree })));
  } catch (error) {
    const { code, field } = error as { code: string; field: string };
    return { code, field };
  }
  return { code: "accepted", field: "" };
}

describe("dependencies of a schedule", () => {
  it("are none unless given, and kept as written", () => {
    expect(specOf(hourly("orders"))).toMatchObject({ dependsOn: null, dependsOnPast: false });
    const dependsOn: DependencyTree = {
      all: [
        other,
        {
          any: [
            { groupId: "a", atLeast: "97.5%" },
            { groupId: "b", atLeast: { missing: "30 minutes" } },
          ],
        },
        {
          groupId: "c",
          timeout: { afterMs: 1, action: "run" },
          satisfiedBy: "settled",
          beforeOrigin: "wait",
        },
        { groupId: "orders", window: { align: "day", from: "-1 day", to: "-1 day" } },
      ],
    };
    const spec = specOf(hourly("orders", { dependsOn, dependsOnPast: "all" }));
    expect(spec).toMatchObject({ dependsOn, dependsOnPast: "all" });
    expect(parseScheduleInfo(spec)).toMatchObject({ dependsOn, dependsOnPast: "all" });
    expect(leavesOf(dependsOn).map(({ field }) => field)).toEqual([
      "dependsOn.all.0",
      "dependsOn.all.1.any.0",
      "dependsOn.all.1.any.1",
      "dependsOn.all.2",
      "dependsOn.all.3",
    ]);
    expect(upstreamsOf(spec)).toEqual(["other", "a", "b", "c"]);
  });

  it.each<[string, unknown, string]>([
    ["no group", {}, "dependsOn.groupId"],
    ["a group that is no id", { groupId: "a b" }, "dependsOn.groupId"],
    ["an unknown field", { ...other, from: "-1 day" }, "dependsOn.from"],
    ["no share of the window", { ...other, atLeast: "0%" }, "dependsOn.atLeast"],
    ["more than the window", { ...other, atLeast: "101%" }, "dependsOn.atLeast"],
    ["a share without a percent sign", { ...other, atLeast: "95" }, "dependsOn.atLeast"],
    ["nothing missing", { ...other, atLeast: { missing: "0 hours" } }, "dependsOn.atLeast.missing"],
    [
      "as much missing as is asked for",
      { ...other, atLeast: { missing: "1 hour" } },
      "dependsOn.atLeast.missing",
    ],
    ["a window of no length", { ...other, window: { to: "-1 hour" } }, "dependsOn.window"],
    ["a window that ends before it begins", { ...other, window: { from: "+2 hours" } }, "dependsOn.window"],
    [
      "a window that ends an interval before",
      { ...other, window: { to: "-1 interval" } },
      "dependsOn.window",
    ],
    ["a shift of no unit", { ...other, window: { from: "-1" } }, "dependsOn.window.from"],
    ["a shift by parts", { ...other, window: { from: "-1.5 days" } }, "dependsOn.window.from"],
    [
      "a shift by too many intervals",
      { ...other, window: { from: "-1001 intervals" } },
      "dependsOn.window.from",
    ],
    ["an unknown unit", { ...other, window: { align: "decade" } }, "dependsOn.window.align"],
    ["a time-out at once", { ...other, timeout: { afterMs: 0, action: "run" } }, "dependsOn.timeout.afterMs"],
    ["a time-out into nothing", { ...other, timeout: { afterMs: 1 } }, "dependsOn.timeout.action"],
    ["all of none", { all: [] }, "dependsOn.all"],
    ["any and all", { all: [other], any: [other] }, "dependsOn.any"],
    [
      "a bad one among many",
      { all: [other, { any: [other, { ...other, atLeast: "0%" }] }] },
      "dependsOn.all.1.any.1.atLeast",
    ],
    [
      "a window of no length among many",
      { any: [other, { ...other, window: { to: "-1 day" } }] },
      "dependsOn.any.1.window",
    ],
    ["more levels than four", { all: [{ any: [{ all: [{ any: [{ all: [other] }] }] }] }] }, "dependsOn"],
    ["more than 64", { all: [{ all: Array(33).fill(other) }, { all: Array(33).fill(other) }] }, "dependsOn"],
    ["a list", [other], "dependsOn"],
    ["a text", "other", "dependsOn"],
  ])("are refused with %s", (_, dependsOn, field) => {
    expect(refusal(dependsOn)).toEqual({ code: "DEPENDENCY_INVALID", field });
  });

  it("on the past are on the interval before, or on all", () => {
    for (const dependsOnPast of [true, false, "previous", "all"] as const)
      expect(specOf(hourly("orders", { dependsOnPast }))).toMatchObject({ dependsOnPast });
    expect(refusal(null, { dependsOnPast: "first" as never })).toEqual({
      code: "DEPENDENCY_INVALID",
      field: "dependsOnPast",
    });
  });
});
