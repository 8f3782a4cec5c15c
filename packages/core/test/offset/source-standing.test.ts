import { describe, expect, it } from "@jest/globals";
import { missingOf, type SourceStanding, standingOf } from "../../src/offset/source-standing.js";

const order = { compare: (_: string, a: string, b: string) => Number(a) - Number(b) };

const standing = (watermark: Record<string, string>): SourceStanding =>
  standingOf(order, watermark, { earliest: { "0": "10", "1": "0" }, latest: { "0": "20", "1": "5" } });

describe("a source and the positions up to which it was read", () => {
  it("goes on at the watermark", () => {
    expect(standing({ "0": "12", "1": "5" })).toEqual({
      lower: { "0": "12", "1": "5" },
      added: [],
      vanished: [],
      expired: [],
      rewound: [],
    });
  });

  it("reads a new partition from its earliest position", () => {
    expect(standing({ "0": "12" })).toMatchObject({ lower: { "0": "12", "1": "0" }, added: ["1"] });
  });

  it("reads a partition of any name", () => {
    const bounds = JSON.parse('{"earliest": {"__proto__": "1"}, "latest": {"__proto__": "5"}}');
    expect(Object.entries(standingOf(order, {}, bounds).lower)).toEqual([["__proto__", "1"]]);
  });

  it("tells a partition that is gone", () => {
    expect(standing({ "0": "12", "1": "5", "2": "7" })).toMatchObject({
      lower: { "0": "12", "1": "5" },
      vanished: ["2"],
    });
  });

  it("tells what can no longer be read, exactly", () => {
    expect(standing({ "0": "9", "1": "0" }).expired).toEqual([{ partition: "0", lower: "9", upper: "10" }]);
    expect(standing({ "0": "10", "1": "0" }).expired).toEqual([]);
  });

  it("tells what was read and is no longer there", () => {
    const rewound = standing({ "0": "21", "1": "5" });
    expect(rewound.rewound).toEqual([{ partition: "0", lower: "20", upper: "21" }]);
    expect(rewound.expired).toEqual([]);
  });
});

describe("a source and the positions that a run is to read", () => {
  const bounds = { earliest: { "0": "10", "1": "0" }, latest: { "0": "20", "1": "5" } };
  const missing = (lower: Record<string, string>, upper: Record<string, string>) =>
    missingOf(order, { lower, upper }, bounds);

  it("has all of them", () => {
    expect(missing({ "0": "10", "1": "0" }, { "0": "20", "1": "5" })).toEqual({ expired: [], rewound: [] });
  });

  it("has lost some, or all, before its earliest position", () => {
    expect(missing({ "0": "8" }, { "0": "12" }).expired).toEqual([
      { partition: "0", lower: "8", upper: "10" },
    ]);
    expect(missing({ "0": "2" }, { "0": "4" }).expired).toEqual([{ partition: "0", lower: "2", upper: "4" }]);
  });

  it("has lost those behind its end, and of partitions that are gone", () => {
    expect(missing({ "0": "18" }, { "0": "23" }).rewound).toEqual([
      { partition: "0", lower: "20", upper: "23" },
    ]);
    expect(missing({ "2": "1" }, { "2": "3" }).expired).toEqual([{ partition: "2", lower: "1", upper: "3" }]);
  });

  it("need not have what is empty", () => {
    expect(missing({ "0": "4", "2": "1" }, { "0": "4", "2": "1" })).toEqual({ expired: [], rewound: [] });
  });
});
