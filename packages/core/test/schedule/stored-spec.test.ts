import { describe, expect, it } from "@jest/globals";
import type { ScheduleSpec } from "../../src/schedule/schedule.js";
import { inertSpec, readSpec, writeSpec } from "../../src/schedule/stored-spec.js";

describe("a specification that a store keeps", () => {
  const known = { groupId: "orders" };
  const aSpec = (changes: Partial<ScheduleSpec> = {}): ScheduleSpec => ({ ...inertSpec(known), ...changes });

  it("is read as it was written", () => {
    for (const spec of [
      aSpec(),
      aSpec({
        ...known,
        priority: 1,
        labels: { team: "a" },
        gates: {},
        canOvertake: true,
        dependsOnPast: "all",
      }),
      aSpec({ fairnessKey: "", ready: [], verify: null, seal: { afterMs: 0 } }),
    ])
      expect(readSpec(writeSpec(spec), known)).toEqual({ spec, unreadable: null });
  });

  it("is written without fields that are as if they were absent", () => {
    const written = JSON.parse(writeSpec(aSpec({ priority: 2 })));
    expect(written).toMatchObject({ groupId: "orders", priority: 2, delayMs: 0, labels: {} });
    for (const field of ["pool", "ready", "gates", "fairnessWeight", "onLate", "canOvertake"])
      expect(written).not.toHaveProperty(field);
  });

  it("has the fields of today if it was written before there were some", () => {
    const { pool, priority, onLate, ready, ...former } = aSpec();
    const { spec } = readSpec(JSON.stringify(former), known);
    expect(spec).toEqual({ ...former, pool: null, priority: 3, onLate: "mark", ready: [] });
    expect(Object.keys(spec)).toEqual(Object.keys(readSpec(writeSpec(aSpec()), known).spec));
  });
});
