import { describe, expect, it } from "@jest/globals";
import type { Filling } from "@tidegate/operator-kit";
import fc from "fast-check";
import { bind, checkPlaceholders } from "../src/sql/bind.js";
import { stringLiteral } from "../src/sql/literal.js";
import { scan } from "../src/sql/scan.js";
import { MIDNIGHT } from "./support/requests.js";

const FILLING: Filling = {
  request: {
    boundaryType: "TIME",
    lowerBound: String(MIDNIGHT),
    upperBound: String(MIDNIGHT + 1_500),
    scheduledTime: MIDNIGHT + 1_500,
    groupId: "it's",
    runId: "r1",
  },
  timezone: "America/New_York",
};

/** Returns the filling of another request. */
const fillingOf = (changes: Partial<Filling["request"]>): Filling => ({
  ...FILLING,
  request: { ...FILLING.request, ...changes },
});

/** Text of the characters that SQL reads in a special way, and others. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("'", '"', "`", "-", "/", "*", "+", "\\", "{", "}", "\n", "a") }),
);

describe("a placeholder in code", () => {
  it.each([
    ["{{lower.timestamp}}", "TIMESTAMP '2025-12-31 19:00:00.000'"],
    ["{{upper.timestamp}}", "TIMESTAMP '2025-12-31 19:00:01.500'"],
    ["{{lower.date}}", "DATE '2025-12-31'"],
    ["{{lower.timestamptz}}", "TO_TIMESTAMP_LTZ(CAST(1767225600000 AS BIGINT), 3)"],
    ["{{upper.epochMs}}", "CAST(1767225601500 AS BIGINT)"],
    ["{{upper.unsignedMs}}", "CAST(1767225601500 AS BIGINT)"],
    ["{{upper.epochS}}", "CAST(1767225602 AS BIGINT)"],
    ["{{lower.iso}}", "'2026-01-01T00:00:00.000Z'"],
    ["{{groupId}}", "'it''s'"],
    ["{{runId}}", "'r1'"],
  ])("%s becomes the typed literal %s", (placeholder, literal) => {
    expect(bind(`x > ${placeholder}`, "f", { filling: FILLING })).toBe(`x > ${literal}`);
  });

  it("becomes the offset itself, for boundaries that are offsets", () => {
    const filling = fillingOf({
      boundaryType: "OFFSET",
      lowerBound: "-5",
      upperBound: String(2n ** 62n),
    });
    expect(bind("{{lower.offset}} {{upper.offset}}", "f", { filling })).toBe(
      "CAST((-5) AS BIGINT) CAST(4611686018427387904 AS BIGINT)",
    );
    expect(() => bind("{{lower.date}}", "f", { filling })).toThrow(
      "does not go with boundaries of type OFFSET",
    );
    expect(() => bind("{{lower.offset}}", "f", { filling: FILLING })).toThrow("type TIME");
  });

  it("is the positions of a run, and the time that it stands for", () => {
    const filling = fillingOf({
      boundaryType: "OFFSET",
      lowerBound: '{"main":"-9223372036854775808"}',
      upperBound: '{"main":"9223372036854775808"}',
      interval: { lower: MIDNIGHT, upper: MIDNIGHT + 1_500 },
    });
    const bound = (sql: string) => bind(sql, "f", { filling });
    // 2^63 is the end behind the greatest BIGINT.
    expect(bound("{{lower.offset}} {{upper.offset}}")).toBe(
      "CAST('-9223372036854775808' AS BIGINT) CAST('9223372036854775808' AS DECIMAL(38, 0))",
    );
    expect(bound("{{upper.offsets}}")).toBe(`'{"main":"9223372036854775808"}'`);
    expect(bound("{{upper.timestamp}} {{lower.timestamptz}} 'from={{lower.epochMs}}'")).toBe(
      `TIMESTAMP '2025-12-31 19:00:01.500' TO_TIMESTAMP_LTZ(CAST(${MIDNIGHT} AS BIGINT), 3) 'from=${MIDNIGHT}'`,
    );
  });

  it("is the offsets of a topic as one string, in a hint too", () => {
    const filling = fillingOf({
      boundaryType: "OFFSET",
      lowerBound: '{"0":"4"}',
      upperBound: '{"0":"9","1":"2"}',
    });
    expect(bind("'{{lower.kafkaOffsets}}' {{upper.kafkaOffsets}}", "f", { filling })).toBe(
      "'partition:0,offset:4;partition:1,offset:-2' 'partition:0,offset:9;partition:1,offset:2'",
    );
  });

  it("keeps positions in the string that they stand in, whatever they are", () => {
    fc.assert(
      fc.property(text, (name) => {
        const filling = fillingOf({
          boundaryType: "OFFSET",
          lowerBound: "{}",
          upperBound: JSON.stringify({ main: name }),
        });
        const bound = bind("'{{upper.offsets}}' c", "f", { filling });
        expect(bound).toBe(`${stringLiteral(JSON.stringify({ main: name }))} c`);
      }),
    );
  });

  it("stays within the years that SQL can write", () => {
    const filling = fillingOf({ lowerBound: "beginning", upperBound: "8640000000000000" });
    const bound = bind("{{lower.date}} {{upper.timestamp}}", "f", { filling });
    expect(bound).toMatch(/^DATE '0001-01-\d\d' TIMESTAMP '9999-12-\d\d [\d:.]+'$/);
  });

  it("is 0 before 1970 where it has no sign", () => {
    const filling = fillingOf({ lowerBound: "beginning", upperBound: "-1" });
    const bound = bind("'{{lower.unsignedMs}} {{upper.unsignedMs}} {{upper.epochMs}}'", "f", { filling });
    expect(bound).toBe("'0 0 -1'");
  });

  it("is one string literal with exactly the group's id in it, whatever that is", () => {
    fc.assert(
      fc.property(text, text.filter(isPlain), (groupId, before) => {
        const code = `/**/${before.replaceAll(/['"`/*{}-]/g, " ")}`;
        const bound = bind(`${code}{{groupId}} z`, "f", { filling: fillingOf({ groupId }) });
        const pieces = scan(bound.slice(code.length));
        expect(pieces.map(({ kind }) => kind)).toEqual(["string", "code"]);
        expect(pieces[0]!.text.slice(1, -1).replaceAll("''", "'")).toBe(groupId);
        expect(pieces[1]!.text).toBe(" z");
      }),
    );
  });
});

describe("a placeholder inside of a string", () => {
  it("becomes part of its text", () => {
    const sql = "'path' = 'out/{{lower.date}}/{{upper.epochMs}}'";
    expect(bind(sql, "f", { filling: FILLING })).toBe("'path' = 'out/2025-12-31/1767225601500'");
  });

  it("is filled in a hint too", () => {
    const sql = "/*+ OPTIONS('from' = '{{lower.epochS}}') */";
    expect(bind(sql, "f", { filling: FILLING })).toBe("/*+ OPTIONS('from' = '1767225600') */");
  });

  it("keeps a secret in the string that it stands in, whatever it is", () => {
    fc.assert(
      fc.property(text, (secret) => {
        const bound = bind("'a{{secret.key}}b' c", "f", { secrets: new Map([["key", secret]]) });
        expect(bound).toBe(`${stringLiteral(`a${secret}b`)} c`);
        expect(scan(bound).map(({ kind }) => kind)).toEqual(["string", "code"]);
      }),
    );
  });

  it("must not be the group's id, which is no safe part of a path", () => {
    expect(() => bind("'out/{{groupId}}'", "f", {})).toThrow("must not stand inside of a string");
  });
});

describe("text that is no placeholder", () => {
  it("is left as it is", () => {
    fc.assert(
      fc.property(text.filter(isPlain), (sql) => {
        expect(bind(sql, "f", { filling: FILLING })).toBe(sql);
      }),
    );
  });

  it.each(["-- {{lower.nothing}}\n", "/* {{lower.nothing}} */", "A{2,3}", "{ fn x }", "{lower.date}"])(
    "is %s",
    (sql) => {
      expect(bind(sql, "f", { filling: FILLING })).toBe(sql);
    },
  );

  it("is cut into pieces that are the whole", () => {
    fc.assert(
      fc.property(text, (sql) => {
        expect(
          scan(sql)
            .map((piece) => piece.text)
            .join(""),
        ).toBe(sql);
      }),
    );
  });
});

describe("a placeholder that cannot be filled", () => {
  const allowed = { boundaries: true, hasSecret: (name: string) => name === "key" };

  it.each([
    ["{{lower}}", "{{lower}} is unknown"],
    ["{{lower.date}", "without }}"],
    ["{{lower.moment}}", "{{lower.moment}} is unknown"],
    ["{{middle.date}}", "{{middle.date}} is unknown"],
    ["'{{lower.moment}}'", "{{lower.moment}} is unknown"],
    ["{{secret.key}}", "must stand inside of a string"],
    ["'{{secret.other}}'", 'no secret "other"'],
    ["`{{lower.date}}`", "quoted name"],
    ['"{{lower.date}}"', "quoted name"],
  ])("%s is refused at registration with its field", (sql, problem) => {
    expect(() => checkPlaceholders(sql, "job.sql.statement", allowed)).toThrow(
      expect.objectContaining({
        code: "JOB_INVALID",
        field: "job.sql.statement",
        message: expect.stringContaining(problem),
      }),
    );
  });

  it("is refused where all intervals share the statement", () => {
    const shared = { ...allowed, boundaries: false };
    expect(() => checkPlaceholders("SET 'x' = '{{lower.date}}'", "job.sql.setup.0", shared)).toThrow(
      "tables are shared by all",
    );
  });
});

function isPlain(sql: string): boolean {
  return !sql.includes("{{");
}
