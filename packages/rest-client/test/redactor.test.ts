import { describe, expect, it } from "@jest/globals";
import { oneLine, Redactor } from "../src/index.js";

describe("the redactor", () => {
  it("takes out the longer secret where one holds another", () => {
    const redactor = new Redactor();
    redactor.remember("short", "password");
    redactor.remember("long", "password-of-the-house");
    expect(redactor.redact("a password-of-the-house, a password")).toBe("a [redacted], a [redacted]");
  });

  it("remembers what was rotated, but not for ever", () => {
    const redactor = new Redactor();
    for (let n = 0; n < 20; n += 1) redactor.remember("token", `token-number-${n}!`);
    expect(redactor.redact("token-number-19! token-number-0!")).toBe("[redacted] token-number-0!");
  });
});
