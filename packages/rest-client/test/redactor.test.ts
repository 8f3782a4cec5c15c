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

describe("a secret of several lines", () => {
  it("is taken out line by line, if a text has become one line itself", () => {
    const redactor = new Redactor();
    redactor.remember("key", "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\r\n-----END KEY-----");
    expect(redactor.redact("-----BEGIN KEY----- MIIEvQIBADANBgkq -----END KEY-----.")).toBe(
      "[redacted] [redacted] [redacted].",
    );
  });
});

describe("a secret with quotes", () => {
  it.each([
    ["as it is", "identifier 's3cr'et'"],
    ["as SQL quotes it", "'connector' = 's3cr''et'"],
  ])("is taken out %s", (_, text) => {
    const redactor = new Redactor({ shortest: 1 });
    redactor.remember("key", "s3cr'et");
    expect(redactor.redact(text)).not.toContain("s3cr");
  });

  it("is taken out as JSON writes it", () => {
    const redactor = new Redactor();
    redactor.remember("key", 'two "words"\\');
    expect(redactor.redact(JSON.stringify({ password: 'two "words"\\' }))).toBe('{"password":"[redacted]"}');
  });
});

describe("a text from outside", () => {
  it("becomes one line, without what a terminal would obey, and no longer than it may be", () => {
    expect(oneLine(" no table\r\n\u001b[31morders\u2028 ")).toBe("no table [31morders");
    expect(oneLine("abcdef", 3)).toBe("abc…");
  });
});

describe("a short secret", () => {
  it("is taken out where that is asked for, and spoils no words where it is not", () => {
    const redact = (text: string, options = {}) => {
      const redactor = new Redactor(options);
      redactor.remember("password", "admin");
      return redactor.redact(text);
    };
    expect(redact("the administration")).toBe("the administration");
    expect(redact("admin said admin", { shortest: 4 })).toBe("[redacted] said [redacted]");
  });
});
