import { describe, expect, it } from "@jest/globals";
import { AirflowEngine, type AirflowEngineOptions } from "../src/index.js";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const GOOD: AirflowEngineOptions = {
  url: "https://airflow.internal/",
  token: "a-token",
  callback: { url: "https://manager.internal/callbacks/airflow", secret: SECRET },
};

describe("the options", () => {
  it.each<[string, object, string]>([
    ["an address that is none", { url: "airflow" }, "url"],
    ["an address of another kind", { url: "ftp://airflow" }, "url"],
    ["an address with a password", { url: "https://me:secret-word@airflow" }, "url"],
    ["a door without an address", { callback: { url: "", secret: SECRET } }, "callback.url"],
    [
      "a secret that is no key",
      { callback: { url: "https://door", secret: "secret-word" } },
      "callback.secret",
    ],
    [
      "a secret that is too short",
      { callback: { url: "https://door", secret: "whsec_c2hvcnQ=" } },
      "callback.secret",
    ],
    ["no credentials", { token: undefined }, "username"],
    ["a prefix that could be taken for another's", { prefix: "a.b" }, "prefix"],
    ["a period below a second", { finestPeriodMs: 999 }, "finestPeriodMs"],
    ["a time to wait that is none", { requestTimeoutMs: 0 }, "requestTimeoutMs"],
    ["a time to wait that is none", { dagFactoryTimeoutMs: Number.NaN }, "dagFactoryTimeoutMs"],
  ])("do not take %s", (_name, changes, field) => {
    const make = () => new AirflowEngine({ ...GOOD, ...changes } as AirflowEngineOptions);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
    expect(make).not.toThrow(/secret-word/);
  });

  it("take a secret that is being rotated, of two keys and no more", () => {
    const withKeys = (count: number) => {
      const secret = Array.from({ length: count }, () => SECRET).join(" ");
      return new AirflowEngine({ ...GOOD, callback: { ...GOOD.callback, secret } });
    };
    expect(() => withKeys(2)).not.toThrow();
    expect(() => withKeys(3)).toThrow(expect.objectContaining({ field: "callback.secret" }));
  });

  it("say how fine this Airflow may fire", () => {
    expect(new AirflowEngine(GOOD).capabilities.finestPeriodMs).toBe(10_000);
    expect(new AirflowEngine({ ...GOOD, finestPeriodMs: 60_000 }).capabilities.finestPeriodMs).toBe(60_000);
  });
});
