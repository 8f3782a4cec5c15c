import { describe, expect, it } from "@jest/globals";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { aRequest } from "@tidegate/testkit";
import fc from "fast-check";
import { checkTemplates, fillTemplates, hasBound } from "../src/job/template.js";

const LOWER = Date.parse("2026-01-01T00:00:00Z");

/** What a text becomes for an hourly interval, or the code and field of its refusal. */
function filled(text: string, overrides: Partial<OfflineJobRequest> = {}, timezone = "UTC"): unknown {
  return fillTemplates(text, { request: aRequest({}, overrides), timezone }, "job.sink.0.path");
}

function refusalOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

const REFUSED = { name: "OperatorError", code: "JOB_INVALID", field: "job.sink.0.path" };

describe("placeholders", () => {
  it.each([
    ["{{lower.timestamp}}", "2026-01-01 00:00:00"],
    ["{{upper.timestamp}}", "2026-01-01 01:00:00"],
    ["{{lower.timestamptz}}", "2026-01-01 00:00:00+00:00"],
    ["{{scheduled.date}}", "2026-01-01"],
    ["at {{lower.epochMs}}", `at ${LOWER}`],
    ["at {{lower.epochS}}", `at ${LOWER / 1_000}`],
    ["{{groupId}}-{{runId}}", "orders-019b76da8800a1b2c3d4e5f60718293a"],
    ["g = {{groupId.sql}}", "g = 'orders'"],
    ["no placeholder, {a} and }}", "no placeholder, {a} and }}"],
  ])("%s becomes %s", (text, expected) => {
    expect(filled(text)).toBe(expected);
  });

  it("become numbers where they are all that a string has", () => {
    expect(filled("{{lower.epochMs}}")).toBe(LOWER);
    expect(filled("{{upper.epochS}}")).toBe(LOWER / 1_000 + 3_600);
  });

  it("follow the job's time zone", () => {
    expect(filled("{{lower.timestamptz}} {{lower.date}}", {}, "America/New_York")).toBe(
      "2025-12-31 19:00:00-05:00 2025-12-31",
    );
  });

  it("are filled in wherever a string is, and nowhere else", () => {
    const filling = { request: aRequest({}), timezone: "UTC" };
    const config = { a: ["{{groupId}}", 1, null, { b: "x{{groupId}}" }], c: true };
    expect(fillTemplates(config, filling, "job.env")).toEqual({
      a: ["orders", 1, null, { b: "xorders" }],
      c: true,
    });
  });

  it("give offsets for an interval of offsets, and times for none", () => {
    const offsets = { boundaryType: "OFFSET", lowerBound: "10", upperBound: "20" } as const;
    expect(filled("{{lower.offset}}..{{upper.offset}}", offsets)).toBe("10..20");
    expect(refusalOf(() => filled("{{lower.timestamp}}", offsets))).toMatchObject(REFUSED);
    expect(refusalOf(() => filled("{{lower.offset}}"))).toMatchObject(REFUSED);
  });
});

describe("placeholders of a run by positions", () => {
  const keys = {
    boundaryType: "OFFSET",
    lowerBound: '{"main":"9007199254740993"}',
    upperBound: '{"main":"9007199254740995"}',
    interval: { lower: LOWER, upper: LOWER + 3_600_000 },
  } as const;

  it("are its keys, digit by digit, and the time that it stands for", () => {
    expect(filled("id >= {{lower.offset}} and id < {{upper.offset}}", keys)).toBe(
      "id >= 9007199254740993 and id < 9007199254740995",
    );
    expect(filled("{{lower.offset}}", keys)).toBe("9007199254740993");
    expect(filled("part-{{lower.epochMs}}", keys)).toBe(`part-${LOWER}`);
  });

  it("are positions by partition only where they cannot end a literal", () => {
    expect(filled("{{upper.offsets}}", keys)).toBe(keys.upperBound);
    const hostile = { ...keys, upperBound: JSON.stringify({ main: "it's.csv " }) };
    expect(refusalOf(() => filled("{{upper.offsets}}", hostile))).toMatchObject(REFUSED);
  });
});

describe("a template", () => {
  it.each([
    ["{{lower.timestmp}}", "unknown"],
    ["{{lower}}", "unknown"],
    ["{{ lower.date }}", "unknown"],
    ["{{lower.timestamp}", "without }}"],
    ["{{", "without }}"],
    ["where g = '{{groupId.sql}}'", "its own quotes"],
    ['where "{{groupId.sql}}" = 1', "its own quotes"],
  ])("is refused: %s", (text, problem) => {
    const refusal = refusalOf(() => checkTemplates([{ path: text }], "job.sink"));
    expect(refusal).toMatchObject({ ...REFUSED, message: expect.stringContaining(problem) });
  });

  it("is refused as a name", () => {
    const refusal = refusalOf(() => checkTemplates({ "{{groupId}}": 1 }, "job.env"));
    expect(refusal).toMatchObject({ code: "JOB_INVALID", field: "job.env.{{groupId}}" });
  });

  it("may have a literal of its own behind other literals", () => {
    const check = () => checkTemplates("a = 'it''s' and b = {{groupId.sql}} and c = 'x'", "job.sink");
    expect(check).not.toThrow();
  });

  it("tells whether it depends on the interval", () => {
    expect(hasBound({ a: ["x {{upper.epochS}}"] })).toBe(true);
    expect(hasBound({ a: ["{{groupId}}"], "lower.date": 1 })).toBe(false);
  });
});

/** Reads a literal as a dialect does, from its first quote: its value and what is behind it. */
function readLiteral(sql: string, escapes: boolean): { value: string; rest: string } | undefined {
  let value = "";
  for (let at = 1; at < sql.length; at += 1) {
    const character = sql[at];
    if (character === "\\" && escapes) {
      at += 1;
      value += sql[at] ?? "";
    } else if (character !== "'") value += character;
    else if (sql[at + 1] === "'") {
      at += 1;
      value += "'";
    } else return { value, rest: sql.slice(at + 1) };
  }
  return undefined;
}

/** Texts that are likely to hold what could break out. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc
    .array(fc.constantFrom("'", '"', "`", "\\", ";", "--", "/*", "\n", "\0", "{{", "}}", "$", "a", " or 1=1"))
    .map((parts) => parts.join("")),
);

describe("values from outside", () => {
  it("make one literal, whose value is the group's id, in every dialect, or are refused", () => {
    fc.assert(
      fc.property(hostile, (groupId) => {
        const fill = () => filled("{{groupId.sql}} and more", { groupId }) as string;
        if (/[\\\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(groupId)) {
          expect(refusalOf(fill)).toMatchObject(REFUSED);
          return;
        }
        for (const escapes of [true, false]) {
          expect(readLiteral(fill(), escapes)).toEqual({ value: groupId, rest: " and more" });
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it("stand as they are only where nothing reads more into them", () => {
    fc.assert(
      fc.property(hostile, (groupId) => {
        const fill = () => filled("/data/{{groupId}}/x", { groupId });
        if (/^[A-Za-z0-9_.:-]+$/.test(groupId) && !/^\.+$/.test(groupId)) {
          expect(fill()).toBe(`/data/${groupId}/x`);
        } else expect(refusalOf(fill)).toMatchObject(REFUSED);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(["..", ".", "a/b", "a b", ""])("do not lead elsewhere: group %j", (groupId) => {
    expect(refusalOf(() => filled("/data/{{groupId}}", { groupId }))).toMatchObject(REFUSED);
  });

  it("are no bounds unless they are whole numbers", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.maxSafeInteger().map(String)), (lowerBound) => {
        const fill = () => filled("'{{lower.timestamptz}}' '{{lower.epochMs}}'", { lowerBound });
        const at = Number(lowerBound);
        if (/^-?\d{1,16}$/.test(lowerBound) && Math.abs(at) <= 8.64e15) {
          expect(fill()).toMatch(/^'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{3})?\+00:00' '-?\d+'$/);
        } else expect(refusalOf(fill)).toMatchObject(REFUSED);
      }),
      { numRuns: 1_000 },
    );
  });
});
