import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import { VirtualClock } from "@tidegate/core/testing";
import type { AirflowCredentials } from "../src/index.js";
import { settingsOf } from "../src/options.js";
import { AirflowRest } from "../src/rest/airflow-rest.js";

const PASSWORD = "pw1";
const SECRET = `whsec_${Buffer.alloc(32, "callbacks").toString("base64")}`;
const USER: AirflowCredentials = { username: "tidegate", password: PASSWORD };

interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly authorization: string | undefined;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What stands where Airflow should: gives tokens by number, and answers anything else as it is told. */
async function standing(answer: (asked: Asked, response: ServerResponse) => void) {
  const asked: Asked[] = [];
  let tokens = 0;
  const server = createServer((request: IncomingMessage, response) => {
    const { method, url, headers } = request;
    if (url === "/auth/token") {
      tokens += 1;
      response.writeHead(201).end(JSON.stringify({ access_token: `session-token-${tokens}` }));
      return;
    }
    const one = { method, url, authorization: headers.authorization };
    asked.push(one);
    answer(one, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, tokens: () => tokens };
}

function restTo(url: string, credentials = USER, clock: Clock = new SystemClock()): AirflowRest {
  const callback = { url: "http://127.0.0.1:9/", secret: SECRET };
  return new AirflowRest(settingsOf({ url, callback, ...credentials }), clock);
}

/** Lets time pass until the work has ended. @returns how much, ms */
async function passing(clock: VirtualClock, work: Promise<unknown>): Promise<number> {
  const start = clock.now();
  let isEnded = false;
  const ended = work
    .catch(() => undefined)
    .finally(() => {
      isEnded = true;
    });
  while (!isEnded) await clock.advance(10);
  await ended;
  return clock.now() - start;
}

describe("a token", () => {
  it("is got when it is needed, kept, and got anew when it has expired", async () => {
    const airflow = await standing(({ authorization }, response) => {
      response.writeHead(authorization === "Bearer session-token-2" ? 200 : 401).end("{}");
    });
    const rest = restTo(airflow.url);
    await rest.request("GET", "/dags", { query: { limit: 1 } });
    await rest.request("DELETE", "/dags/a");
    expect(airflow.tokens()).toBe(2);
    expect(airflow.asked).toEqual([
      { method: "GET", url: "/api/v2/dags?limit=1", authorization: "Bearer session-token-1" },
      { method: "GET", url: "/api/v2/dags?limit=1", authorization: "Bearer session-token-2" },
      { method: "DELETE", url: "/api/v2/dags/a", authorization: "Bearer session-token-2" },
    ]);
  });

  it("that was given is the only one", async () => {
    const airflow = await standing((_, response) => void response.writeHead(401).end("{}"));
    const rest = restTo(airflow.url, { token: "given-token" });
    await expect(rest.request("GET", "/dags")).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    expect(airflow.tokens()).toBe(0);
    expect(airflow.asked).toHaveLength(1);
  });
});

describe("a request", () => {
  it.each([500, 503, 409])("is made again, after pauses, where it met another one (%i)", async (status) => {
    const replies = [status, status, 200];
    const airflow = await standing((_, response) => void response.writeHead(replies.shift() ?? 0).end("[7]"));
    const clock = new VirtualClock();
    const answer = restTo(airflow.url, USER, clock).request("PATCH", "/dags/a", { body: {} });
    expect(await passing(clock, answer)).toBeGreaterThanOrEqual(1_200);
    expect(await answer).toEqual({ status: 200, body: [7] });
    expect(airflow.asked).toHaveLength(3);
  });

  it("is not made again where Airflow says no, which may be an answer", async () => {
    const airflow = await standing((_, response) => void response.writeHead(404).end('{"detail":"no"}'));
    const rest = restTo(airflow.url);
    await expect(rest.request("GET", "/dags/a")).rejects.toThrow(
      'Airflow answered 404 to GET /dags/a: {"detail":"no"}',
    );
    expect(await rest.request("GET", "/dags/a", { accept: [404] })).toMatchObject({ status: 404 });
    expect(airflow.asked).toHaveLength(2);
  });

  it("does not go where it is redirected to, with its token", async () => {
    const elsewhere = await standing((_, response) => void response.end("{}"));
    const airflow = await standing((_, response) => {
      response.writeHead(302, { location: `${elsewhere.url}/api/v2/dags` }).end();
    });
    await expect(restTo(airflow.url).request("GET", "/dags")).rejects.toMatchObject({
      code: "ENGINE_FAILED",
    });
    expect(elsewhere.asked).toEqual([]);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      "breaks off",
      (response) => response.writeHead(200, { "content-length": 9 }).end("{"),
      /cannot be reached/,
    ],
    ["is a page", (response) => response.end("<html></html>"), /not as Airflow's REST API does/],
  ])("is no answer where that %s", async (_, reply, message) => {
    const airflow = await standing((__, response) => {
      response.strictContentLength = false;
      reply(response);
      response.socket?.end();
    });
    const refused = restTo(airflow.url).request("GET", "/dags");
    await expect(refused).rejects.toMatchObject({ name: "EngineError", code: "ENGINE_FAILED" });
    await expect(refused).rejects.toThrow(message);
  });

  it("says that nobody is there", async () => {
    const refused = restTo("http://127.0.0.1:9").request("GET", "/dags");
    await expect(refused).rejects.toThrow(
      /Airflow at http:\/\/127.0.0.1:9 cannot be reached: .*ECONNREFUSED/,
    );
  });
});

describe("what Airflow says", () => {
  it("is told without the secrets, and on one line", async () => {
    const echo = `no:\n${PASSWORD} and ${SECRET}, session-token-1`;
    const airflow = await standing((_, response) => void response.writeHead(400).end(echo));
    await expect(restTo(airflow.url).request("GET", "/dags")).rejects.toThrow(
      "Airflow answered 400 to GET /dags: no: [redacted] and [redacted], [redacted]",
    );
  });
});
