import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { StoreError } from "@tidegate/core";
import { INLONG_TOKEN, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** Sends bytes, and returns what follows them until the manager hangs up. */
async function answerTo(url: string, bytes: string, trickle?: (socket: Socket) => void): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  // The manager may hang up before all has been sent.
  socket.on("error", () => {});
  let answer = "";
  socket.on("data", (chunk) => {
    answer += String(chunk);
  });
  socket.write(bytes);
  trickle?.(socket);
  await once(socket, "close");
  return answer;
}

/** Sends bytes, and returns the answer that follows them with its body. */
async function raw(url: string, bytes: string, trickle?: (socket: Socket) => void) {
  let answer = "";
  // If the client writes on after the manager has hung up, the connection may be reset and the answer lost.
  while (answer === "") answer = await answerTo(url, bytes, trickle);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  return {
    status: Number(head.split(" ")[1]),
    type: /content-type: (.*)/i.exec(head)?.[1],
    body: JSON.parse(body) as unknown,
  };
}

const refused = (status: number, code: string) => ({
  status,
  type: "application/json; charset=utf-8",
  body: { error: expect.objectContaining({ code, message: expect.any(String) }) },
});

describe("what never becomes a request is refused in the documented form:", () => {
  const LONG = "x".repeat(20_000);
  const BYTES: Readonly<Record<string, readonly [bytes: string, status: number]>> = {
    "another protocol": ["\x16\x03\x01\x02\x00", 400],
    "no host": ["GET /health HTTP/1.1\r\nconnection: close\r\n\r\n", 400],
    "an expectation": ["GET /health HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n\r\n", 417],
    "a malformed header": ["GET /health HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", 400],
    "two lengths": [
      "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
      400,
    ],
    "a length and chunks": [
      "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
      400,
    ],
    "an unknown method": ["BREW /schedules HTTP/1.1\r\nhost: x\r\n\r\n", 400],
    "headers that are too long": [`GET /health HTTP/1.1\r\nhost: x\r\nx: ${LONG}\r\n\r\n`, 431],
    "a path that is too long": [`GET /${LONG} HTTP/1.1\r\nhost: x\r\n\r\n`, 431],
  };

  it.each(Object.entries(BYTES))("%s", async (_what, [bytes, status]) => {
    const { url } = await aManager();
    expect(await raw(url, bytes)).toEqual(refused(status, "REQUEST_INVALID"));
  });
});

describe("a request that takes too long to arrive", () => {
  const HEAD = "POST /preview HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

  /** Goes on a byte at a time until the manager hangs up; 20 s are more than any limit in these tests. */
  const slowly = (socket: Socket): void => {
    let left = 1_000;
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0 && socket.writable) socket.write("x");
      else socket.end();
    }, 20);
    socket.once("close", () => clearInterval(timer));
  };

  it.each([
    ["with its headers", HEAD],
    ["with its body", `${HEAD}content-length: 5000\r\n\r\n`],
    ["with its chunks", `${HEAD}transfer-encoding: chunked\r\n\r\n2000\r\n`],
  ])("%s is refused, however steadily it goes on", async (_what, bytes) => {
    const { url } = await aManager({ requestTimeoutMs: 300 });
    expect(await raw(url, bytes, slowly)).toEqual(refused(408, "REQUEST_TIMED_OUT"));
  });
});

describe("a request that the routes refuse", () => {
  it("has a method that its path does not take: 405 says which it takes", async () => {
    const { call } = await aManager();
    for (const [method, path, allow] of [
      ["POST", "/runs", "GET, HEAD"],
      ["PATCH", "/schedules/orders", "DELETE, GET, HEAD, PUT"],
      ["GET", "/schedules/orders/pause?x=1", "POST"],
      ["PUT", "/engines/airflow/callbacks", "POST"],
      ["OPTIONS", "/schedules", "GET, HEAD"],
      ["DELETE", "/health", "GET, HEAD"],
      ["QUERY", "/schedules/orders", "DELETE, GET, HEAD, PUT"],
    ] as const) {
      const answer = await call(method, path);
      expect(answer).toMatchObject({ status: 405, body: { error: { code: "METHOD_NOT_ALLOWED" } } });
      expect(answer.headers.get("allow")).toBe(allow);
    }
  });

  it.each([
    ["nowhere", "GET", "/nowhere", 404, "NOT_FOUND"],
    ["nowhere below a path", "GET", "/schedules/orders/nothing", 404, "NOT_FOUND"],
    ["without an id", "GET", "/schedules/", 400, "REQUEST_INVALID"],
    ["half of an escape", "GET", "/schedules/%E0%A4%A", 400, "REQUEST_INVALID"],
    ["bytes that are no UTF-8", "GET", "/schedules/%FF", 400, "REQUEST_INVALID"],
    ["a part that is too long", "GET", `/runs/${"x".repeat(2_000)}`, 414, "REQUEST_INVALID"],
    ["an id that is too long", "GET", `/runs/${"x".repeat(65)}`, 400, "REQUEST_INVALID"],
    ["a NUL in an id", "GET", "/runs/%00", 400, "REQUEST_INVALID"],
    ["a NUL in a backfill's id", "GET", "/backfills/a%00", 400, "REQUEST_INVALID"],
    ["a NUL in a filter", "GET", "/schedules?prefix=%00", 400, "REQUEST_INVALID"],
    ["a NUL in a label", "GET", "/schedules?label=a%3D%00", 400, "REQUEST_INVALID"],
    ["an unknown parameter", "GET", "/runs/x?depth=1", 400, "REQUEST_INVALID"],
    ["an unknown parameter of an act", "POST", "/schedules/orders/pause?dryRun=true", 400, "REQUEST_INVALID"],
  ])("%s", async (_what, method, path, status, code) => {
    const { call } = await aManager();
    expect(await call(method, path)).toMatchObject({ status, body: { error: { code } } });
  });

  it.each([
    ["half of JSON", "{", "application/json", 400],
    ["no JSON at all", "", "application/json", 400],
    ["a form", "a=b", "application/x-www-form-urlencoded", 415],
    ["a malformed type", "{}", "application", 415],
    ["more than a mebibyte", `"${"x".repeat(1_100_000)}"`, "application/json", 413],
    ["a prototype", '{"__proto__":{"a":1}}', "application/json", 400],
  ])("a body that is %s", async (_what, body, type, status) => {
    const { url } = await aManager();
    for (const [method, path] of [
      ["PUT", "/schedules/orders"],
      ["POST", "/preview"],
      ["POST", "/schedules/orders/pause"],
      ["POST", "/schedules/orders/backfills"],
    ] as const) {
      const response = await fetch(`${url}${path}`, { method, body, headers: { "content-type": type } });
      expect({ status: response.status, body: await response.json() }).toEqual({
        status,
        body: { error: { code: "REQUEST_INVALID", message: expect.any(String) } },
      });
    }
  });

  it.each(["[", '{"a":'])("a body nested in %s as deeply as fits into it", async (opening) => {
    const { url } = await aManager();
    const depth = 20_000;
    const nested = `${opening.repeat(depth)}1${(opening === "[" ? "]" : "}").repeat(depth)}`;
    for (const [method, path] of [
      ["PUT", "/schedules/orders"],
      ["POST", "/preview"],
      ["POST", "/schedules/orders/backfills"],
    ] as const) {
      const send = async (body: string) => {
        const headers = { "content-type": "application/json" };
        const response = await fetch(`${url}${path}`, { method, body, headers });
        return { status: response.status, body: await response.json() };
      };
      expect(await send(nested)).toMatchObject({ status: 400, body: { error: { code: "REQUEST_INVALID" } } });
      const error = {
        code: "REQUEST_INVALID",
        field: "job",
        message: "job: nested deeper than 100 levels.",
      };
      expect(await send(`{"groupId":"orders","job":${nested}}`)).toEqual({ status: 400, body: { error } });
    }
  });

  it("filters by one label with two values", async () => {
    const { call } = await aManager();
    await call("PUT", "/schedules/orders", minutes(0, { labels: { team: "b" } }));
    expect(await call("GET", "/schedules?label=team=a&label=team=b")).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID", field: "label" } },
    });
    expect(await call("GET", "/schedules?label=team=b&label=team=b")).toMatchObject({
      status: 200,
      body: { items: [{ spec: { groupId: "orders" } }] },
    });
  });

  it.each([
    "/runs?groupId=a&groupId=b",
    "/runs?order=ascending&order=descending",
    "/runs?limit=1&limit=2",
    "/runs?cursor=a&cursor=b",
    "/runs?backfillId=a&backfillId=b",
    "/schedules?prefix=a&prefix=b",
    "/schedules?engine=a&engine=b",
    "/schedules/orders/audit?lower=1&lower=2&upper=3",
    "/schedules/orders/preview?count=1&count=2",
  ])("repeats what can be given once: %s", async (path) => {
    const { call } = await aManager();
    expect(await call("GET", path)).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID", field: /\?(\w+)/.exec(path)![1] } },
    });
  });
});

describe("a fault that is not the caller's", () => {
  it.each([
    ["STORE_FULL", "/var/lib/tidegate/db: the disk is full", 503],
    ["STORE_CORRUPT", "/var/lib/tidegate/db is damaged at page 7", 503],
    ["STORE_UNAVAILABLE", "connect ECONNREFUSED 10.0.0.7:5432, user admin", 503],
    ["STORE_FAILED", "syntax error in SELECT secret", 503],
  ] as const)(
    "is answered by its code, %s, and told in full to the log only",
    async (code, message, status) => {
      const { call, tidegate, log } = await aManager();
      tidegate.client.list = () => Promise.reject(new StoreError(code, message, { field: "path" }));
      const broken = await call("GET", "/schedules");
      expect(broken).toMatchObject({
        status,
        body: { error: { code, message: expect.stringMatching(/\.$/) } },
      });
      for (const word of message.split(" ").filter((part) => /[/.\d]|SELECT/.test(part))) {
        expect(broken.text).not.toContain(word);
      }
      expect(JSON.parse(broken.text).error.field).toBeUndefined();
      expect(log.join("")).toContain(message);
    },
  );
});

describe("InLong's path", () => {
  const PATH = "/inlong/manager/api/group/submitOfflineJob";
  const authorization = `Bearer ${INLONG_TOKEN}`;

  it.each([
    ["without credentials", "{}", {}, 401, "UNAUTHORIZED"],
    ["half of JSON", "{", { authorization }, 400, "REQUEST_INVALID"],
    ["no group", "{}", { authorization }, 400, "REQUEST_INVALID"],
    ["an unknown group", '{"groupId":"nobody"}', { authorization }, 404, "SCHEDULE_NOT_FOUND"],
    ["a long body", " ".repeat(70_000), { authorization }, 413, "REQUEST_INVALID"],
    ["from a page", "{}", { authorization, origin: "https://evil.example" }, 403, "ORIGIN_NOT_ALLOWED"],
  ] as const)("refuses in InLong's envelope: %s", async (_what, body, headers, status, code) => {
    const { url } = await aManager();
    const response = await fetch(`${url}${PATH}`, { method: "POST", body, headers });
    const { errMsg, error, ...rest } = (await response.json()) as {
      errMsg: string;
      error: { message: string };
    };
    expect({ status: response.status, error, rest }).toMatchObject({
      status,
      error: { code, message: errMsg },
      rest: { success: false, data: null },
    });
  });

  it("refuses another method in the envelope as well", async () => {
    const { call } = await aManager();
    expect(await call("GET", PATH)).toMatchObject({
      status: 405,
      body: { success: false, errMsg: "This path takes POST.", error: { code: "METHOD_NOT_ALLOWED" } },
    });
  });
});
