import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { aRequest, untroubled } from "@tidegate/testkit";
import { type CallbackServer, type CallbackServerOptions, startCallbackServer } from "../src/index.js";
import { aCallback } from "./bed/callbacks.js";
import { ORDERS_KEY, useOperators } from "./bed/operators.js";

const anOperator = useOperators();
const servers: CallbackServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const REQUEST = aRequest({ url: "http://127.0.0.1:9/", completion: "callback", secretRef: "orders" });
const { idempotencyKey } = REQUEST;

/** How many bytes a slow caller begins to send, one at a time: it would take half an hour. */
const SLOWLY = 100_000;

async function listening(options: Partial<CallbackServerOptions> = {}) {
  const operator = anOperator({ secrets: { orders: ORDERS_KEY }, callbacks: { secrets: ["orders"] } });
  const server = await startCallbackServer(operator, { port: 0, ...options });
  servers.push(server);
  return { operator, server };
}

function post(url: string, { headers, rawBody } = aCallback({ idempotencyKey, state: "SUCCEEDED" })) {
  return fetch(url, {
    method: "POST",
    headers: headers as Record<string, string>,
    body: rawBody as Uint8Array<ArrayBuffer>,
  });
}

describe("the callback server", () => {
  it("hands callbacks to the operator, byte for byte", async () => {
    const { operator, server } = await listening();
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    const response = await post(
      server.url,
      aCallback(`{ "idempotencyKey": "${idempotencyKey}",\n"state":"SUCCEEDED" }`),
    );
    expect([response.status, await response.json()]).toEqual([200, { status: "delivered" }]);
    expect(await wait).toEqual({ state: "SUCCEEDED" });
  });

  it("refuses what is not signed", async () => {
    const { server } = await listening();
    const response = await fetch(server.url, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
  });

  it("listens at one path, to POST", async () => {
    const { server } = await listening({ path: "/hooks/tidegate" });
    expect(server.url).toMatch(/\/hooks\/tidegate$/);
    expect((await post(server.url)).status).toBe(202);
    expect((await fetch(server.url)).status).toBe(405);
    expect((await post(server.url.replace("tidegate", "other"))).status).toBe(404);
  });

  it("reads no more than it may, whether or not the length is told", async () => {
    const { server } = await listening({ maxBodyBytes: 1_024 });
    const body = "x".repeat(200_000);
    for (const headers of [{ "content-length": body.length }, { "transfer-encoding": "chunked" }]) {
      const status = await new Promise((resolve, reject) => {
        const request = httpRequest(server.url, { method: "POST", headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", reject);
        request.write(body.slice(0, 2_000));
      });
      expect(status).toBe(413);
    }
  });

  it.each([
    ["body", `POST /callbacks HTTP/1.1\r\nhost: x\r\ncontent-length: ${SLOWLY}\r\n\r\n`],
    ["headers", "POST /callbacks HTTP/1.1\r\nhost: x\r\nx-slow: "],
  ])("does not wait for a caller that sends its %s slowly", async (_, beginning) => {
    const { server } = await listening({ requestTimeoutMs: 100 });
    const sent = () =>
      new Promise<string>((resolve) => {
        let received = "";
        const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () => socket.write(beginning));
        const drip = setInterval(() => socket.write("x"), 20);
        socket.on("data", (data) => {
          received += data.toString("latin1");
        });
        socket.on("error", () => undefined);
        socket.on("close", () => {
          clearInterval(drip);
          resolve(received);
        });
      });
    let answer = "";
    // If the client writes on after the server has hung up, the connection may be reset and the answer lost.
    while (answer === "") answer = await sent();
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it.each([
    [{ port: -1 }, "port"],
    [{ path: "callbacks" }, "path"],
    [{ requestTimeoutMs: 0 }, "requestTimeoutMs"],
  ])("refuses options that make no sense: %j", async (options, field) => {
    await expect(listening(options)).rejects.toMatchObject({ code: "CONFIGURATION_INVALID", field });
  });

  it("survives callers that go away", async () => {
    const { server } = await listening();
    const { port } = new URL(server.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write("POST /callbacks HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
        socket.resetAndDestroy();
        resolve();
      });
    });
    expect((await post(server.url)).status).toBe(202);
  });

  it("says so where its port is taken", async () => {
    const { server, operator } = await listening();
    const port = Number(new URL(server.url).port);
    await expect(startCallbackServer(operator, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});
