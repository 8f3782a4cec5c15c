import { describe, expect, it } from "@jest/globals";
import { type BoundSecret, createHttpOperator, type HttpOperatorOptions } from "../src/index.js";
import { ORDERS_KEY } from "./bed/operators.js";

describe("options", () => {
  it.each<[HttpOperatorOptions, string]>([
    [{}, "allow"],
    [{ allow: [] }, "allow"],
    [{ allow: ["a.example"], allowAnyHost: true }, "allow"],
    [{ allow: ["https://a.example"] }, "allow.0"],
    [{ allow: ["a.example", "*"] }, "allow.1"],
    [{ allow: ["a.example/path"] }, "allow.0"],
    [{ allow: ["a.*.example"] }, "allow.0"],
    [{ allow: ["a.example"], allowHttp: ["b example"] }, "allowHttp.0"],
    [{ allow: ["a.example"], allowPrivate: ["a.example:80"] }, "allowPrivate.0"],
    [{ allow: ["a.example"], allowPrivate: ["10.0.0.0/40"] }, "allowPrivate.0"],
    [{ allow: ["a.example"], secrets: { "two words": "x" } }, "secrets.two words"],
    [{ allow: ["a.example"], secrets: { token: {} as BoundSecret } }, "secrets.token.use"],
    [{ allow: ["a.example"], secrets: { token: { use: "bearer" } } }, "secrets.token"],
    [{ allow: ["a.example"], secrets: { token: { env: "A", file: "/b", use: "bearer" } } }, "secrets.token"],
    [
      { allow: ["a.example"], secrets: { token: { env: "A", use: "sing" as "signing" } } },
      "secrets.token.use",
    ],
    [
      { allow: ["a.example", "b.example"], secrets: { token: { env: "A", use: "bearer" } } },
      "secrets.token.hosts",
    ],
    [{ allow: ["*.a.example"], secrets: { token: { env: "A", use: "bearer" } } }, "secrets.token.hosts"],
    [{ allowAnyHost: true, secrets: { token: { env: "A", use: "bearer" } } }, "secrets.token.hosts"],
    [
      { allow: ["a.example"], secrets: { token: { env: "A", use: "bearer", hosts: ["https://a.example"] } } },
      "secrets.token.hosts.0",
    ],
    [
      {
        allow: ["a.example"],
        secrets: { token: { env: "A", use: "bearer" } },
        callbacks: { secrets: ["token"] },
      },
      "callbacks.secrets.0",
    ],
    [{ allow: ["a.example"], callbacks: { secrets: ["orders"] } }, "callbacks.secrets.0"],
    [{ allow: ["a.example"], callbacks: { secrets: [] } }, "callbacks.secrets"],
    [{ allow: ["a.example"], maxResponseBytes: 0 }, "maxResponseBytes"],
  ])("%j: the mistake is in %s", (options, field) => {
    expect(() => createHttpOperator(options)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });

  it("never repeats a secret that is not one", () => {
    const options = { allow: ["a.example"], secrets: { orders: { value: ORDERS_KEY } } };
    expect(() => createHttpOperator(options as unknown as HttpOperatorOptions)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(ORDERS_KEY) }),
    );
  });
});
