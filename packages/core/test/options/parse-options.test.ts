import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { ConfigurationError } from "../../src/index.js";
import { baseUrl, httpUrl, LONGEST_TIMER_MS, parseOptions, wholeNumber } from "../../src/plugin.js";

const schema = z.object({
  url: baseUrl,
  callback: z.object({ url: httpUrl }),
  timeoutMs: wholeNumber(1, LONGEST_TIMER_MS).default(10_000),
});

const GOOD = { url: "https://engine.internal/api//", callback: { url: "http://door:8080/fires/?a=b" } };

const parse = (changes: object) => parseOptions("EngineOptions", schema, { ...GOOD, ...changes });

describe("options", () => {
  it("have the schema's defaults, and addresses to which paths can be added", () => {
    expect(parse({})).toEqual({ ...GOOD, url: "https://engine.internal/api", timeoutMs: 10_000 });
  });

  it.each<[string, object, string, string]>([
    ["no address", { url: undefined }, "url", "must be an absolute URL"],
    ["an address that is none", { url: "engine" }, "url", "must be an absolute URL"],
    ["an address of another kind", { url: "ftp://engine" }, "url", "must begin with http:// or https://"],
    [
      "a user and a password",
      { callback: { url: "https://me:secret-word@door" } },
      "callback.url",
      "must not carry a user or a password",
    ],
    ["a part", { timeoutMs: 1.5 }, "timeoutMs", "must be a whole number from 1 to 2147483647, but is 1.5"],
    ["too little", { timeoutMs: 0 }, "timeoutMs", "must be a whole number from 1 to 2147483647, but is 0"],
    ["text", { timeoutMs: "5" }, "timeoutMs", "must be a whole number from 1 to 2147483647, but is 5"],
  ])("do not take %s", (_name, changes, field, problem) => {
    const wanted = new ConfigurationError("CONFIGURATION_INVALID", `EngineOptions ${field}: ${problem}.`, {
      field,
    });
    expect(() => parse(changes)).toThrow(wanted);
    expect(() => parse(changes)).toThrow(expect.objectContaining({ code: wanted.code, field }));
  });
});
