import { describe, expect, it } from "@jest/globals";
import { DolphinSchedulerEngine, type DolphinSchedulerEngineOptions } from "../src/index.js";

const GOOD: DolphinSchedulerEngineOptions = {
  url: "https://dolphin.internal/dolphinscheduler/",
  token: "a-token",
  callback: { url: "https://manager.internal/engines/dolphinscheduler/callbacks" },
};

describe("the options", () => {
  it.each<[string, object, string]>([
    ["an address that is none", { url: "dolphin" }, "url"],
    ["an address of another kind", { url: "ftp://dolphin" }, "url"],
    ["an address with a password", { url: "https://me:secret-word@dolphin" }, "url"],
    ["a door with a password", { callback: { url: "https://me:secret-word@door" } }, "callback.url"],
    ["a token that is empty", { token: "" }, "token"],
    ["a token that no header takes", { token: "secret-word\n" }, "token"],
    ["a secret file without a folder", { secretFile: "callback-secret" }, "secretFile"],
    ["a project without a name", { project: " " }, "project"],
    ["a prefix that could be taken for another's", { prefix: "a.b" }, "prefix"],
    ["an environment that is none", { environmentCode: 1.5 }, "environmentCode"],
    ["a period below a second", { finestPeriodMs: 999 }, "finestPeriodMs"],
    ["a time to wait that is none", { requestTimeoutMs: 0 }, "requestTimeoutMs"],
  ])("do not take %s", (_name, changes, field) => {
    const make = () => new DolphinSchedulerEngine({ ...GOOD, ...changes });
    expect(make).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
    expect(make).not.toThrow(/secret-word/);
  });

  it("say how fine this DolphinScheduler may fire", () => {
    const finest = (options: Partial<DolphinSchedulerEngineOptions>) =>
      new DolphinSchedulerEngine({ ...GOOD, ...options }).capabilities.finestPeriodMs;
    expect(finest({})).toBe(10_000);
    expect(finest({ finestPeriodMs: 60_000 })).toBe(60_000);
  });
});
