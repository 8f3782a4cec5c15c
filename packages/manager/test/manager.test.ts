import fastifySwagger from "@fastify/swagger";
import { afterEach, describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import Fastify, { type FastifyInstance } from "fastify";
import { createManager, type ManagerOptions, outsideEngine } from "../src/index.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { AIRFLOW_SECRET, caller, DOLPHIN_TOKEN, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function aTidegate() {
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [outsideEngine("outside")],
    operators: [gatedOperator()],
    dispatcher: { drainMs: 100 },
  });
  ends.push(() => tidegate.stop());
  return tidegate;
}

/** A server of somebody's own, with the manager below a prefix. */
async function mounted(
  options: Partial<ManagerOptions> = {},
  prepare?: (server: FastifyInstance) => Promise<void>,
) {
  const tidegate = aTidegate();
  await tidegate.start();
  const server = Fastify({ routerOptions: { maxParamLength: 256 } });
  ends.unshift(() => server.close());
  await prepare?.(server);
  server.get("/mine", () => ({ is: "mine" }));
  const manager = createManager({ tidegate, callbacks: { airflow: { secret: AIRFLOW_SECRET } }, ...options });
  await server.register(manager.plugin, { prefix: "/tide/gate" });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return { server, tidegate, origin: caller(url), below: caller(`${url}/tide/gate`) };
}

describe("a manager in a server of somebody's own", () => {
  it("answers below its prefix, and leaves the rest alone", async () => {
    const { origin, below } = await mounted();
    expect((await below.call("PUT", "/schedules/orders", minutes(2))).status).toBe(200);
    const taken = await below.callback({ groupId: "orders" });
    expect(taken.status).toBe(202);
    expect(taken.body.statusUrl).toMatch(/^\/tide\/gate\/engines\/airflow\/runs\//);
    expect((await origin.call("GET", taken.body.statusUrl)).body).toMatchObject({ isEnded: false });
    expect((await origin.call("GET", "/mine")).body).toEqual({ is: "mine" });
    expect((await origin.call("GET", "/schedules/orders")).status).toBe(404);
    const posted = await origin.call("POST", "/mine", {});
    expect(posted.status).toBe(404);
  });

  it("documents its routes with their prefix, beside a document of the server's own", async () => {
    const { below, server } = await mounted({}, async (own) => {
      await own.register(fastifySwagger, { openapi: { info: { title: "mine", version: "1" } } });
    });
    const { body } = await below.call<{ info: object; paths: object }>("GET", "/openapi.json");
    expect(body.info).toMatchObject({ title: "Tidegate manager" });
    expect(Object.keys(body.paths)).toContain("/tide/gate/schedules/{groupId}");
    expect(Object.keys(body.paths)).not.toContain("/mine");
    const own = server.swagger();
    expect(own.info.title).toBe("mine");
    expect(Object.keys(own.paths ?? {})).toEqual(["/mine"]);
  });
});

describe("authorization of the REST interface", () => {
  const open = ["/health", "/openapi.json"];
  const closed = ["/schedules", "/schedules/orders", "/runs", "/runs/x", "/backfills/x"];

  it("is by a token, from which callbacks are apart", async () => {
    const token = "rest-token-of-the-tests";
    const { call, callback } = await aManager({ authorize: { token } });
    const authorization = `Bearer ${token}`;
    expect((await call("PUT", "/schedules/orders", minutes(2), { authorization })).status).toBe(200);
    for (const path of open) expect((await call("GET", path)).status).toBe(200);
    for (const path of closed) {
      for (const given of [
        {},
        { authorization: "Bearer wrong-token-of-tests" },
        { authorization: `Bearer ${DOLPHIN_TOKEN}` },
      ]) {
        expect(await call("GET", path, undefined, given)).toMatchObject({
          status: 401,
          body: { error: { code: "UNAUTHORIZED" } },
        });
      }
    }
    const taken = await callback({ groupId: "orders" });
    expect(taken.status).toBe(202);
    expect((await call("GET", taken.body.statusUrl)).status).toBe(200);
    const posted = await call(
      "POST",
      "/engines/dolphinscheduler/callbacks",
      { groupId: "orders" },
      { authorization },
    );
    expect(posted.status).toBe(401);
  });

  it("is by a function of the request", async () => {
    const { call } = await aManager({
      authorize: async ({ method, headers }) => {
        if (headers["x-user"] === "broken")
          throw Object.assign(new Error("Who is this?"), { statusCode: 401 });
        return method === "GET" || headers["x-user"] === "admin";
      },
    });
    expect((await call("GET", "/schedules")).status).toBe(200);
    expect(await call("PUT", "/schedules/orders", minutes(0))).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN" } },
    });
    expect((await call("PUT", "/schedules/orders", minutes(0), { "x-user": "admin" })).status).toBe(200);
    expect(await call("GET", "/schedules", undefined, { "x-user": "broken" })).toMatchObject({
      status: 401,
      body: { error: { code: "UNAUTHORIZED", message: "Who is this?" } },
    });
  });

  it("is needed where others can reach the manager", async () => {
    const tidegate = aTidegate();
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "manager.example"]) {
      await expect(createManager({ tidegate }).listen({ host })).rejects.toMatchObject({
        code: "CONFIGURATION_INVALID",
        message: expect.stringContaining("authorize"),
      });
    }
    const manager = createManager({ tidegate, authorize: () => true, logger: false });
    ends.unshift(() => manager.close());
    await manager.listen({ host: "0.0.0.0" });
    expect(() => createManager({ tidegate, authorize: { token: "short" } })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "authorize.token" }),
    );
  });
});

describe("options of a manager", () => {
  it.each<[options: object, field: string]>([
    [{ requestTimeoutMs: Number.NaN }, "requestTimeoutMs"],
    [{ requestTimeoutMs: 0 }, "requestTimeoutMs"],
    [{ maxCallbackBytes: -1 }, "maxCallbackBytes"],
    [{ toleranceMs: "300000" }, "toleranceMs"],
    [{ cursorSecret: "short" }, "cursorSecret"],
    [{ tidegate: {} }, "tidegate"],
    [{ autorize: { token: "a-token-of-the-tests" } }, ""],
  ])("are checked when they are given: %j", (options, field) => {
    const given = { tidegate: aTidegate(), ...options };
    expect(() => createManager(given)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});

describe("a manager's life", () => {
  it("starts its Tidegate, and stops it when the last request is answered", async () => {
    const { manager, tidegate, call } = await aManager();
    await call("PUT", "/schedules/orders", minutes(0));
    await manager.close();
    await expect(tidegate.client.get("orders")).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await manager.close();
  });

  it("logs each request once, when it is answered", async () => {
    const { manager, call, log } = await aManager();
    await call("GET", "/schedules?limit=1");
    await call("GET", "/schedules/nobody");
    await manager.close();
    const lines = log.map((line) => JSON.parse(line)).filter(({ req }) => req !== undefined);
    expect(lines).toEqual([
      expect.objectContaining({
        req: expect.objectContaining({ method: "GET", url: "/schedules" }),
        res: { statusCode: 200 },
        responseTime: expect.any(Number),
        msg: "request completed",
      }),
      expect.objectContaining({
        req: expect.objectContaining({ url: "/schedules/nobody" }),
        res: { statusCode: 404 },
      }),
    ]);
  });

  it("leaves nothing running where its port is taken", async () => {
    const { url } = await aManager();
    const tidegate = aTidegate();
    const manager = createManager({ tidegate, logger: false });
    await expect(manager.listen({ port: Number(new URL(url).port) })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await expect(tidegate.client.get("orders")).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("listens on a loopback address unless it is told otherwise, once", async () => {
    const { manager, url } = await aManager();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    await expect(manager.listen()).rejects.toMatchObject({ code: "CONFIGURATION_INVALID" });
  });
});
