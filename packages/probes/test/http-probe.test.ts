import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { aQuestion, MINUTE, probeSuite, START } from "@tidegate/testkit";
import Fastify from "fastify";
import { httpProbe } from "../src/index.js";

const TOKEN = "correct-horse-battery";

interface Answered {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Answers by path; records the requests. */
const answers = new Map<string, Answered>();
const requests: { url: string; authorization: string | undefined; key: unknown }[] = [];
const app = Fastify({ forceCloseConnections: true });
app.get("*", (request, reply) => {
  const { authorization, "x-key": key } = request.headers;
  requests.push({ url: request.url, authorization, key });
  const { status = 200, headers = {}, body } = answers.get(request.url) ?? { status: 500, body: "what?" };
  return reply.code(status).headers(headers).send(body);
});
let url: string;
beforeAll(async () => {
  url = await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => app.close());
beforeEach(() => {
  answers.clear();
  requests.length = 0;
});

const ask = (spec: JsonObject, services = { shop: { url: `${url}/api` } }): Promise<ProbeAnswer> =>
  httpProbe({ services }).check(aQuestion({ spec, timezone: "Europe/Berlin" }), {
    now: START,
    signal: new AbortController().signal,
  });

describe("the probe `http`", () => {
  it("asks about the interval, with its times encoded, in the schedule's zone", async () => {
    answers.set("/api/days/2026-01-01?until=2026-01-01%2001%3A01%3A00", {});
    const path = "days/{{lower.date}}?until={{upper.timestamp}}";
    expect(await ask({ path })).toMatchObject({ isReady: true });
    expect(requests).toHaveLength(1);
  });

  it.each([
    [200, true],
    [204, true],
    [202, false],
    [404, false],
  ])("takes a status of %d as the answer", async (status, isReady) => {
    answers.set("/api/orders", { status });
    expect(await ask({ path: "orders" })).toEqual({ isReady, detail: `orders was answered ${status}` });
  });

  it.each<[unknown, JsonObject, boolean]>([
    [{ state: { isComplete: true } }, { pointer: "/state/isComplete" }, true],
    [{ state: { isComplete: false } }, { pointer: "/state/isComplete" }, false],
    [{ state: "DONE" }, { pointer: "/state", equals: "DONE" }, true],
    [{ state: "BUSY" }, { pointer: "/state", equals: "DONE" }, false],
    [[{ "a/b": null }], { pointer: "/0/a~1b", equals: null }, true],
    [{ left: 0 }, { pointer: "/left", equals: 0 }, true],
    [true, { pointer: "" }, true],
  ])("finds in %j, by %j, that ready is %s", async (body, spec, isReady) => {
    answers.set("/api/orders", {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    expect(await ask({ path: "orders", ...spec })).toMatchObject({ isReady });
  });

  it.each([
    [START + MINUTE, true],
    [START + MINUTE - 1, false],
    ["2026-01-01T01:01:00+01:00", true],
    ["2026-01-01T00:00:30Z", false],
    ["2026-01-01 02:01:00.500+02", true],
  ])("reads a watermark of %s", async (through, isReady) => {
    answers.set("/api/orders", { body: { through } });
    const answer = await ask({ path: "orders", through: "/through" });
    expect(answer).toEqual({
      isReady,
      detail: `/through of orders is ${JSON.stringify(through)}`,
      readyThrough: Date.parse(
        new Date(`${through}`.endsWith("+02") ? `${through}:00` : through).toISOString(),
      ),
    });
  });

  it("waits as long as the service asks", async () => {
    answers.set("/api/orders", { status: 404, headers: { "retry-after": "90" } });
    expect(await ask({ path: "orders" })).toMatchObject({ isReady: false, retryAfterMs: 90_000 });
  });

  it.each<[string, Answered, JsonObject, string]>([
    ["a refusal", { status: 403, body: "not you" }, {}, "orders was answered 403: not you"],
    ["a redirection", { status: 302, headers: { location: "/elsewhere" } }, {}, "orders was answered 302"],
    ["no JSON", { body: "<html>" }, { pointer: "/ready" }, "the answer of orders is not JSON"],
    ["no value", { body: { ready: 1 } }, { pointer: "/read" }, "the answer of orders has nothing at /read"],
    ["a value of the prototype", { body: {} }, { pointer: "/toString" }, "has nothing at /toString"],
    ["epoch seconds", { body: { at: 1_767_225_600 } }, { through: "/at" }, "which is no instant"],
    ["a day that does not exist", { body: { at: "2026-02-30T00:00:00Z" } }, { through: "/at" }, "no instant"],
    ["a date without a zone", { body: { at: "2026-01-01" } }, { through: "/at" }, "which is no instant"],
  ])("is broken, not waiting, by %s", async (_, answer, spec, message) => {
    answers.set("/api/orders", answer);
    await expect(ask({ path: "orders", ...spec })).rejects.toThrow(message);
  });

  it("sends credentials to their service alone", async () => {
    answers.set("/api/a", {}).set("/other/a", {});
    const services = {
      shop: { url: `${url}/api`, bearer: async () => TOKEN, headers: { "X-Key": "sesame" } },
      other: { url: `${url}/other/`, basic: "user:password" },
    };
    await ask({ service: "shop", path: "a" }, services);
    await ask({ service: "other", path: "/a" }, services);
    expect(requests).toEqual([
      { url: "/api/a", authorization: `Bearer ${TOKEN}`, key: "sesame" },
      { url: "/other/a", authorization: `Basic ${btoa("user:password")}`, key: undefined },
    ]);
  });

  it.each(["%2e%2e/secret", ".%2e/secret", "a/%2E%2E/%2e%2e/secret"])(
    "does not leave its service by %s",
    async (path) => {
      await expect(ask({ path })).rejects.toThrow("is not below the service's URL");
      expect(requests).toEqual([]);
    },
  );

  it.each<[object, string]>([
    [{}, "services"],
    [{ shop: { url: "ftp://shop" } }, "services.shop.url"],
    [{ shop: { url: "https://shop", bearer: 7 } }, "services.shop.bearer"],
    [{ shop: { url: "https://shop", bearer: "a", basic: "b" } }, "services.shop.basic"],
    [{ "a b": { url: "https://shop" } }, "services.a b"],
  ])("refuses services %j", (services, field) => {
    expect(() => httpProbe({ services } as never)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});

probeSuite({
  name: "http",
  create: async () => {
    answers.set("/api/2026-01-01", { body: { isReady: true } });
    answers.set("/api/2026-01-02", { body: { isReady: false } });
    answers.set("/api/broken", { status: 500, body: `I was told "Bearer ${TOKEN}"` });
    return {
      probe: httpProbe({ services: { shop: { url: `${url}/api`, bearer: TOKEN } } }),
      spec: { path: "{{lower.date}}", pointer: "/isReady" },
      refused: [
        ["path", {}],
        ["path", { path: "//elsewhere.example.com/" }],
        ["path", { path: "../secret" }],
        ["path", { path: "a/../../secret" }],
        ["path", { path: "a b" }],
        ["path", { path: "{{secret.token}}" }],
        ["service", { service: "bank", path: "a" }],
        ["pointer", { path: "a", pointer: "isReady" }],
        ["through", { path: "a", pointer: "/a", through: "/b" }],
        ["equals", { path: "a", equals: 1 }],
        ["url", { path: "a", url: "https://elsewhere.example.com" }],
      ],
      ready: {},
      notReady: { interval: { lower: START + 1_440 * MINUTE, upper: START + 1_441 * MINUTE } },
      broken: { spec: { path: "broken" } },
      secrets: [TOKEN],
    };
  },
});
