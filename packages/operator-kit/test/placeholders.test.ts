import { describe, expect, it } from "@jest/globals";
import {
  hasLooseBraces,
  namesIn,
  placeholderOf,
  placeholderText,
  replaceNames,
  unknownPlaceholder,
} from "../src/index.js";

const REQUEST = {
  boundaryType: "TIME",
  lowerBound: String(Date.UTC(2026, 0, 1)),
  upperBound: String(Date.UTC(2026, 0, 1, 0, 0, 1, 500)),
  scheduledTime: Date.UTC(2026, 0, 2),
  groupId: "it's",
  runId: "r1",
} as const;

/** Returns the text of a placeholder in New York, or throws as `placeholderText`. */
function textOf(name: string, request: Parameters<typeof placeholderText>[1]["request"] = REQUEST): string {
  const placeholder = placeholderOf(name);
  if (placeholder === undefined || placeholder.kind === "secret") throw new Error(`${name} has no text`);
  return placeholderText(placeholder, { request, timezone: "America/New_York" }, "job.query");
}

describe("a placeholder", () => {
  it.each([
    ["lower.timestamp", "2025-12-31 19:00:00"],
    ["upper.timestamp", "2025-12-31 19:00:01.500"],
    ["lower.timestamptz", "2025-12-31 19:00:00-05:00"],
    ["lower.iso", "2026-01-01T00:00:00.000Z"],
    ["lower.date", "2025-12-31"],
    ["scheduled.date", "2026-01-01"],
    ["lower.year", "2025"],
    ["lower.month", "12"],
    ["lower.day", "31"],
    ["lower.hour", "19"],
    ["lower.minute", "00"],
    ["upper.epochMs", "1767225601500"],
    ["upper.unsignedMs", "1767225601500"],
    ["upper.epochS", "1767225602"],
    ["groupId", "it's"],
    ["groupId.sql", "'it''s'"],
    ["runId", "r1"],
  ])("%s becomes %s", (name, text) => {
    expect(textOf(name)).toBe(text);
  });

  it("is a position in an interval of positions, and a time in one of times", () => {
    const offsets = { ...REQUEST, boundaryType: "OFFSET", lowerBound: "-5", upperBound: "7" } as const;
    expect(textOf("lower.offset", offsets)).toBe("-5");
    expect(textOf("scheduled.date", offsets)).toBe("2026-01-01");
    const refusal = (name: string, type: string) =>
      expect.objectContaining({
        field: "job.query",
        message: expect.stringContaining(`{{${name}}} does not go with boundaries of type ${type}`),
      });
    expect(() => textOf("lower.date", offsets)).toThrow(refusal("lower.date", "OFFSET"));
    expect(() => textOf("lower.offset")).toThrow(refusal("lower.offset", "TIME"));
  });

  describe("in a run of positions", () => {
    const topic = {
      ...REQUEST,
      boundaryType: "OFFSET",
      lowerBound: '{"0":"0","1":"42","10":"9007199254740993"}',
      upperBound: '{"0":"0","1":"42","10":"9007199254740999","2":"7"}',
      interval: { lower: Number(REQUEST.lowerBound), upper: Number(REQUEST.upperBound) },
    } as const;
    const table = { ...topic, lowerBound: '{"main":"-5"}', upperBound: '{"main":"9007199254740993"}' };
    const refused = (name: string, request: typeof topic | typeof table | object, problem: string) =>
      expect(() => textOf(name, { ...topic, ...request })).toThrow(
        expect.objectContaining({
          code: "JOB_INVALID",
          field: "job.query",
          message: expect.stringContaining(problem),
        }),
      );

    it("is the key of a source with one partition", () => {
      expect([textOf("lower.offset", table), textOf("upper.offset", table)]).toEqual([
        "-5",
        "9007199254740993",
      ]);
      refused("lower.offset", topic, "the source has the partitions 0, 1, 10");
      refused("upper.offset", { ...table, upperBound: '{"main":"a.csv"}' }, '"a.csv" is no whole number');
    });

    it("is the positions of all partitions as canonical JSON", () => {
      expect(textOf("lower.offsets", topic)).toBe(topic.lowerBound);
      expect(textOf("upper.offsets", { ...topic, upperBound: '{ "b": "x", "a": "y" }' })).toBe(
        '{"a":"y","b":"x"}',
      );
    });

    it("is the offsets of the same partitions at both bounds, as Flink reads them", () => {
      expect(textOf("upper.kafkaOffsets", topic)).toBe(
        "partition:0,offset:0;partition:1,offset:42;partition:2,offset:7;partition:10,offset:9007199254740999",
      );
      // A partition that the lower bound lacks is read from its first offset.
      expect(textOf("lower.kafkaOffsets", topic)).toBe(
        "partition:0,offset:0;partition:1,offset:42;partition:2,offset:-2;partition:10,offset:9007199254740993",
      );
      refused("lower.kafkaOffsets", table, "is no offset of a topic's partition");
      refused("upper.kafkaOffsets", { upperBound: '{"0":"-1"}' }, "is no offset of a topic's partition");
      refused("upper.kafkaOffsets", { upperBound: "{}" }, "no partitions");
    });

    it("is a time of the interval that the run stands for", () => {
      expect(textOf("lower.date", topic)).toBe("2025-12-31");
      expect(textOf("upper.epochMs", table)).toBe("1767225601500");
    });

    it("has a beginning before everything in mode full", () => {
      const full = (request: typeof topic | typeof table) => ({ ...request, lowerBound: "beginning" });
      expect(textOf("lower.offset", full(table))).toBe("-9223372036854775808");
      expect(textOf("lower.offsets", full(topic))).toBe("{}");
      expect(textOf("lower.kafkaOffsets", full(topic))).toBe(
        "partition:0,offset:-2;partition:1,offset:-2;partition:2,offset:-2;partition:10,offset:-2",
      );
      expect(textOf("lower.epochMs", full(topic))).toBe("-8640000000000000");
    });
  });

  it("has no sign if it must not have one", () => {
    expect(textOf("lower.unsignedMs", { ...REQUEST, lowerBound: "-1" })).toBe("0");
    expect(textOf("lower.epochMs", { ...REQUEST, lowerBound: "-1" })).toBe("-1");
  });

  it("may name a secret, whose name has dots of its own", () => {
    expect(placeholderOf("secret.orders.db")).toEqual({ kind: "secret", name: "orders.db" });
  });

  it.each([
    "lower",
    "lower.moment",
    "middle.date",
    "scheduled.offset",
    "secret.",
    "secret.a b",
    " runId",
    "toString",
  ])("is not %j", (name) => {
    expect(placeholderOf(name)).toBeUndefined();
  });

  it("that is unknown is answered with those that there are", () => {
    expect(unknownPlaceholder("x")).toMatch(
      /^\{\{x\}\} is unknown; there are lower\.timestamp, .*, and secret\.…$/,
    );
  });
});

describe("a text with placeholders", () => {
  it("is read by its double braces, and single ones are its own", () => {
    expect(namesIn("a {b} {{c}} {{ d }} }} {{e.f}}")).toEqual(["c", " d ", "e.f"]);
    expect(replaceNames("{x} {{y}}{{z}}", (name) => name.toUpperCase())).toBe("{x} YZ");
  });

  it.each([
    ["{{a}}", false],
    ["a }}", false],
    ["{{a}", true],
    ["{{a}} {{", true],
  ])("%s has braces that are not closed: %s", (text, isLoose) => {
    expect(hasLooseBraces(text)).toBe(isLoose);
  });
});
