import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parse } from "yaml";
import { EXIT_CODES, exitCodeOf } from "../src/exit-code.js";
import { durationMs } from "../src/input/duration.js";
import { requireInstant } from "../src/input/instant.js";
import { hasHidden, visible, visibleJson } from "../src/output/visible.js";
import { yamlText } from "../src/output/yaml-text.js";

describe("a text at a terminal", () => {
  it.each([
    ["\x1b[2J", "\\x1b[2J"],
    ["a\nb\tc\r", "a\\x0ab\\x09c\\x0d"],
    ["user\u202egpj.exe", "user\\u202egpj.exe"],
    ["\u2066x\u2069", "\\u2066x\\u2069"],
    ["zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"],
    ["\u009b31m", "\\x9b31m"],
    ["\u2028", "\\u2028"],
    ["\u{e0041}", "\\u{e0041}"],
    ["\ud800", "\\ud800"],
    ["Grüße, 世界 😀", "Grüße, 世界 😀"],
  ])("%j is shown as %j", (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it("hides nothing, whatever it is", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !hasHidden(visible(text))));
  });

  it("means in JSON and YAML what it was", () => {
    const value = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(value, (given) => {
        const json = visibleJson(JSON.stringify(given));
        expect(JSON.parse(json)).toEqual(given);
        expect(hasHidden(json)).toBe(false);
      }),
    );
    for (const given of [
      { note: "left \u202e right" },
      { "\u202ekey": ["\x1b[31m", "a\nb"] },
      { a: "\u{e0041}" },
    ]) {
      const text = yamlText(given);
      expect(parse(text)).toEqual(given);
      expect(text.split("\n").some(hasHidden)).toBe(false);
    }
  });
});

describe("durations and instants", () => {
  it("have units", () => {
    expect(["500ms", "30s", "5m", "2h", "1d", "1w"].map(durationMs)).toEqual([
      500, 30_000, 300_000, 7_200_000, 86_400_000, 604_800_000,
    ]);
    for (const text of ["", "5", "s", "1.5h", "-1s", "1 h", "5M"]) expect(durationMs(text)).toBeUndefined();
  });

  it("are RFC 3339 with an offset, or relative to now", () => {
    expect(requireInstant("2026-01-01T00:00:00Z", "--from")).toBe(1_767_225_600_000);
    expect(requireInstant("2026-01-01T01:00+01:00", "--from")).toBe(1_767_225_600_000);
    const day = requireInstant("now", "--to") - requireInstant("-1d", "--from");
    expect(Math.round(day / 86_400_000)).toBe(1);
    for (const text of [
      "2026-01-01",
      "2026-01-01T00:00:00",
      "2026-13-01T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-01-01T00:00:00+23:59",
      "yesterday",
      "1d",
      "-",
    ]) {
      expect(() => requireInstant(text, "--from")).toThrow(/^--from: must be RFC 3339/);
    }
  });
});

describe("exit codes", () => {
  it.each([
    ["SCHEDULE_NOT_FOUND", "notFound"],
    ["NOT_FOUND", "away"],
    ["SCHEDULE_VERSION_STALE", "conflict"],
    ["MANAGER_UNAVAILABLE", "away"],
    ["STORE_LOCKED", "away"],
    ["TIMEZONE_UNKNOWN", "usage"],
    ["SCHEDULE_INVALID", "usage"],
    ["UNAUTHORIZED", "failed"],
    ["SOMETHING_NEW", "failed"],
  ] as const)("%s ends with %s", (code, name) => {
    expect(exitCodeOf(Object.assign(new Error("x"), { code }))).toBe(EXIT_CODES[name]);
  });
});
