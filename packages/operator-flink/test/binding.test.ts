import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Filling } from "../src/job/bounds.js";
import { bind, checkPlaceholders } from "../src/sql/bind.js";
import { stringLiteral } from "../src/sql/literal.js";
import { scan } from "../src/sql/scan.js";
import { MIDNIGHT } from "./support/requests.js";

const FILLING: Filling = {
  boundaryType: "time",
  lower: BigInt(MIDNIGHT),
  upper: BigInt(MIDNIGHT + 1_500),
  groupId: "it's",
  runId: "r1",
  timeZone: "America/New_York",
};

/** Text of the characters that SQL reads in a special way, and others. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom("'", '"', "`", "-", "/", "*", "+", "\\", "{", "}", "\n", "a") }),
);

describe("a placeholder in code", () => {
  it.each([
    ["{lower:timestamp}", "TIMESTAMP '2025-12-31 19:00:00.000'"],
    ["{upper:timestamp}", "TIMESTAMP '2025-12-31 19:00:01.500'"],
    ["{lower:date}", "DATE '2025-12-31'"],
    ["{lower:timestamp_ltz}", "TO_TIMESTAMP_LTZ(CAST(1767225600000 AS BIGINT), 3)"],
    ["{upper:epoch_ms}", "CAST(1767225601500 AS BIGINT)"],
    ["{upper:unsigned_ms}", "CAST(1767225601500 AS BIGINT)"],
    ["{upper:epoch_s}", "CAST(1767225601 AS BIGINT)"],
    ["{groupId}", "'it''s'"],
    ["{runId}", "'r1'"],
  ])("%s becomes the typed literal %s", (placeholder, literal) => {
    expect(bind(`x > ${placeholder}`, "f", { filling: FILLING })).toBe(`x > ${literal}`);
  });

  it("becomes the offset itself, for boundaries that are offsets", () => {
    const filling: Filling = { ...FILLING, boundaryType: "offset", lower: -5n, upper: 2n ** 62n };
    expect(bind("{lower:offset} {upper:offset}", "f", { filling })).toBe(
      "CAST((-5) AS BIGINT) CAST(4611686018427387904 AS BIGINT)",
    );
    expect(() => bind("{lower:date}", "f", { filling })).toThrow(
      "does not go with boundaries of type offset",
    );
    expect(() => bind("{lower:offset}", "f", { filling: FILLING })).toThrow("type time");
  });

  it("stays within the years that SQL can write", () => {
    const filling = { ...FILLING, lower: -8_640_000_000_000_000n, upper: 8_640_000_000_000_000n };
    const bound = bind("{lower:date} {upper:timestamp}", "f", { filling });
    expect(bound).toMatch(/^DATE '0001-01-\d\d' TIMESTAMP '9999-12-\d\d [\d:.]+'$/);
  });

  it("is 0 before 1970 where it has no sign", () => {
    const filling = { ...FILLING, lower: -8_640_000_000_000_000n, upper: -1n };
    const bound = bind("'{lower:unsigned_ms} {upper:unsigned_ms} {upper:epoch_ms}'", "f", { filling });
    expect(bound).toBe("'0 0 -1'");
  });

  it("is one string literal with exactly the group's id in it, whatever that is", () => {
    fc.assert(
      fc.property(text, text.filter(isPlain), (groupId, before) => {
        const code = `/**/${before.replaceAll(/['"`/*{}-]/g, " ")}`;
        const bound = bind(`${code}{groupId} z`, "f", { filling: { ...FILLING, groupId } });
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
    const sql = "'path' = 'out/{lower:date}/{upper:epoch_ms}'";
    expect(bind(sql, "f", { filling: FILLING })).toBe("'path' = 'out/2025-12-31/1767225601500'");
  });

  it("is filled in a hint too", () => {
    const sql = "/*+ OPTIONS('from' = '{lower:epoch_s}') */";
    expect(bind(sql, "f", { filling: FILLING })).toBe("/*+ OPTIONS('from' = '1767225600') */");
  });

  it("keeps a secret in the string that it stands in, whatever it is", () => {
    fc.assert(
      fc.property(text, (secret) => {
        const bound = bind("'a{secret:key}b' c", "f", { secrets: new Map([["key", secret]]) });
        expect(bound).toBe(`${stringLiteral(`a${secret}b`)} c`);
        expect(scan(bound).map(({ kind }) => kind)).toEqual(["string", "code"]);
      }),
    );
  });

  it("must not be the group's id, which is no safe part of a path", () => {
    expect(() => bind("'out/{groupId}'", "f", {})).toThrow("must not stand inside of a string");
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

  it.each(["-- {lower:nothing}\n", "/* {lower:nothing} */", "A{2,3}", "{ fn x }"])("is %s", (sql) => {
    expect(bind(sql, "f", { filling: FILLING })).toBe(sql);
  });

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
    ["{lower}", "does not know {lower}"],
    ["{lower:moment}", "does not know {lower:moment}"],
    ["{middle:date}", "does not know {middle:date}"],
    ["'{lower:moment}'", "does not know {lower:moment}"],
    ["{secret:key}", "must stand inside of a string"],
    ["'{secret:other}'", 'no secret "other"'],
    ["`{lower:date}`", "quoted name"],
    ['"{lower:date}"', "quoted name"],
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
    expect(() => checkPlaceholders("SET 'x' = '{lower:date}'", "job.sql.setup.0", shared)).toThrow(
      "tables are shared by all",
    );
  });
});

function isPlain(sql: string): boolean {
  return !/\{[A-Za-z]/.test(sql);
}
