import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import Fastify from "fastify";
import { createManager, type ManagerOptions, outsideEngine, serverOptions } from "../src/index.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { AIRFLOW_SECRET, minutes, signed, useManagers } from "./bed/managers.js";

const aManager = useManagers();
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const TOKEN = "rest-token-of-the-tests";

/** Sends what `fetch` would not let a test send: any Host, any Origin. */
async function send(url: string, method: string, headers: Record<string, string>, body?: string) {
  const sending = request(url, { method, headers });
  sending.end(body);
  const [answer] = (await once(sending, "response")) as [IncomingMessage];
  const content = await text(answer);
  return { status: answer.statusCode, body: content === "" ? undefined : JSON.parse(content) };
}

/** The same manager in a server of somebody's own. */
async function mounted(options: Partial<ManagerOptions>) {
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [outsideEngine("airflow")],
    operators: [gatedOperator()],
    dispatcher: { drainMs: 100 },
  });
  await tidegate.start();
  const server = Fastify({ ...serverOptions() });
  const manager = createManager({ tidegate, callbacks: { airflow: { secret: AIRFLOW_SECRET } }, ...options });
  await server.register(manager.plugin, { prefix: "/tide" });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  ends.push(async () => {
    await server.close();
    await tidegate.stop();
  });
  return `${url}/tide`;
}

const WAYS: Readonly<
  Record<
    string,
    (options?: Partial<ManagerOptions>) => Promise<{ url: string; auth: Record<string, string> }>
  >
> = {
  "that listens": async (options = {}) => ({ url: (await aManager(options)).url, auth: {} }),
  "with a token": async (options = {}) => ({
    url: (await aManager({ ...options, authorize: { token: TOKEN } })).url,
    auth: { authorization: `Bearer ${TOKEN}` },
  }),
  "in a server of somebody's own": async (options = {}) => ({ url: await mounted(options), auth: {} }),
};

const ACTS: readonly (readonly [method: string, path: string, body?: object])[] = [
  ["PUT", "/schedules/orders", minutes(0)],
  ["POST", "/schedules/orders/pause"],
  ["POST", "/schedules/orders/resume"],
  ["POST", "/schedules/orders/trigger"],
  ["POST", "/schedules/orders/backfills", { from: 0, to: 1 }],
  ["DELETE", "/schedules/orders"],
  ["POST", "/runs/x/cancel"],
  ["POST", "/runs/x/retry"],
  ["POST", "/backfills/x/cancel"],
];

describe.each(Object.entries(WAYS))("a manager %s", (_way, start) => {
  const CROSS_SITE: Readonly<Record<string, Record<string, string>>> = {
    "another site's page": { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    "another port's page": { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" },
    "a page in an older browser": { origin: "https://evil.example" },
    "a page without an origin": { origin: "null" },
    "a page whose origin is not sent": { "sec-fetch-site": "cross-site" },
  };

  it.each(Object.entries(CROSS_SITE))("lets %s do nothing", async (_who, headers) => {
    const { url, auth } = await start();
    for (const [method, path, body] of ACTS) {
      // A page's form and its `fetch` send this without asking first.
      const simple = { "content-type": "text/plain", ...headers, ...auth };
      for (const sent of [simple, { ...simple, "content-type": "application/json" }]) {
        expect(await send(`${url}${path}`, method, sent, body && JSON.stringify(body))).toMatchObject({
          status: 403,
          body: { error: { code: "ORIGIN_NOT_ALLOWED", field: "origin" } },
        });
      }
    }
    expect(await send(`${url}/schedules`, "GET", auth)).toEqual({ status: 200, body: { items: [] } });
  });

  it("lets its own pages, allowed ones and programs act", async () => {
    const { url, auth } = await start({ allowedOrigins: ["https://dashboard.example"] });
    const { host, origin } = new URL(url);
    const body = JSON.stringify(minutes(0));
    for (const headers of [
      {},
      { origin, "sec-fetch-site": "same-origin" },
      { origin },
      { "sec-fetch-site": "none" },
      { origin: "https://dashboard.example", "sec-fetch-site": "cross-site" },
      { origin: "http://localhost:8080", host: "localhost:8080" },
    ]) {
      const sent = { host, "content-type": "application/json", ...auth, ...headers };
      expect((await send(`${url}/schedules/orders`, "PUT", sent, body)).status).toBe(200);
    }
  });

  it.each([
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "x@127.0.0.1",
  ])("does not answer as %s, a name that a page may have bound to this machine", async (host) => {
    const { url, auth } = await start();
    const paths = ["/schedules", "/schedules/orders", "/runs", "/runs/x", "/backfills/x", "/openapi.json"];
    const asks = paths.map((path) => ["GET", path] as const);
    for (const [method, path] of [...asks, ...ACTS]) {
      // To the browser the page and the manager are of one origin.
      const rebound = { host, origin: `http://${host}`, "sec-fetch-site": "same-origin", ...auth };
      expect(await send(`${url}${path}`, method, rebound)).toMatchObject({
        status: 403,
        body: { error: { code: "HOST_NOT_ALLOWED", field: "host" } },
      });
    }
    const forwarded = { host, "x-forwarded-host": "localhost", forwarded: "host=localhost", ...auth };
    expect((await send(`${url}/schedules`, "GET", forwarded)).status).toBe(403);
  });

  it("answers by its addresses, as localhost and as it is told", async () => {
    const { url, auth } = await start({
      allowedHosts: ["Manager.example"],
      publicUrl: "https://tidegate.example/api",
    });
    for (const host of [
      "127.0.0.1",
      "127.0.0.1:9",
      "[::1]:8080",
      "localhost",
      "LOCALHOST:8080",
      "tide.localhost",
      "manager.example",
      "manager.example.:443",
      "tidegate.example",
    ]) {
      expect(await send(`${url}/schedules`, "GET", { host, ...auth })).toMatchObject({ status: 200 });
    }
  });

  it("leaves callbacks and health to their own rules: one has credentials, the other nothing to tell", async () => {
    const { url, auth } = await start();
    const host = "balancer.example";
    await send(
      `${url}/schedules/orders`,
      "PUT",
      { "content-type": "application/json", ...auth },
      JSON.stringify(minutes(2)),
    );
    expect((await send(`${url}/health`, "GET", { host })).status).toBe(200);
    const fire = JSON.stringify({ groupId: "orders" });
    const call = `${url}/engines/airflow/callbacks`;
    expect((await send(call, "POST", { host, ...signed(fire) }, fire)).status).toBe(202);
    const page = { origin: "https://evil.example", ...signed(fire) };
    expect((await send(call, "POST", page, fire)).body).toMatchObject({
      error: { code: "ORIGIN_NOT_ALLOWED" },
    });
  });
});

describe("settings of the guard", () => {
  it.each([
    [{ allowedHosts: ["https://manager.example"] }, "allowedHosts"],
    [{ allowedHosts: ["manager.example:8080"] }, "allowedHosts"],
    [{ allowedHosts: [""] }, "allowedHosts"],
    [{ allowedOrigins: ["dashboard.example"] }, "allowedOrigins"],
    [{ allowedOrigins: ["https://dashboard.example/path"] }, "allowedOrigins"],
    [{ allowedOrigins: ["*"] }, "allowedOrigins"],
    [{ publicUrl: "manager.example" }, "publicUrl"],
    [{ allowedHosts: "manager.example" }, "allowedHosts"],
  ])("that are malformed are refused: %j", async (options, field) => {
    const given = options as Partial<ManagerOptions>;
    await expect(aManager(given)).rejects.toMatchObject({ code: "CONFIGURATION_INVALID", field });
  });
});
