import type { LookupFunction } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import {
  fileForm,
  HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  NoAnswer,
  TimedOut,
} from "../src/index.js";
import { CERTIFICATE } from "./bed/certificate.js";
import { answering, useServers } from "./bed/servers.js";

const servers = useServers();

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

function request(url: URL, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "POST", url, headers: { "content-type": "application/json" }, body: '{"a":1}', ...more };
}

/** What is thrown by a request that gets no answer. */
async function noAnswer(sent: Promise<unknown>): Promise<NoAnswer> {
  const error = await sent.then(
    () => new Error("It was answered."),
    (thrown: unknown) => thrown,
  );
  if (error instanceof NoAnswer) return error;
  throw error;
}

/** Resolves every name as it is told. */
const toLoopback: LookupFunction = (_, options, callback) => {
  if (options.all) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

describe("a request", () => {
  it("is written as it is given, asks for plain answers, and closes its connection", async () => {
    const server = await servers.plain(answering(OK));
    const answer = await new HttpClient().send(request(server.url));
    expect(answer).toMatchObject({ status: 200, text: "{}" });
    expect(server.received().split("\r\n").sort()).toEqual(
      [
        "POST /jobs?a=b HTTP/1.1",
        "accept-encoding: identity",
        "content-type: application/json",
        `host: 127.0.0.1:${server.port}`,
        "content-length: 7",
        "Connection: close",
        "",
        '{"a":1}',
      ].sort(),
    );
  });

  it.each<[HttpRequest["method"], string | undefined, string | undefined]>([
    ["DELETE", "ü", "2"],
    ["GET", "ü", "2"],
    ["PUT", "", "0"],
    ["POST", undefined, "0"],
    ["DELETE", undefined, undefined],
    ["GET", undefined, undefined],
  ])("says how long its body is: %s %j", async (method, body, length) => {
    const server = await servers.plain(answering(OK));
    const { url } = server;
    await new HttpClient().send({ method, url, headers: {}, ...(body === undefined ? {} : { body }) });
    expect(/^content-length: (.*)\r$/im.exec(server.received())?.[1]).toBe(length);
  });

  it("may be larger than what is held in memory", async () => {
    const server = await servers.plain((socket) => {
      let size = 0;
      socket.on("data", (data) => {
        size += data.length;
        if (size > 3_000_000) socket.end(OK);
      });
    });
    const chunks = async function* () {
      for (let n = 0; n < 3; n += 1) yield Buffer.alloc(1_000_000, "x");
    };
    const answer = await new HttpClient().send(request(server.url, { body: { length: 3_000_000, chunks } }));
    expect(answer.status).toBe(200);
    expect(server.received()).toContain("content-length: 3000000\r\n");
  });

  it("may be a form with a file, as others read it", async () => {
    let told: ((form: FormData) => void) | undefined;
    const form = new Promise<FormData>((resolve) => {
      told = resolve;
    });
    const server = await servers.plain((socket) => {
      socket.on("data", () => {
        const [head = "", ...body] = server.received().split("\r\n\r\n");
        const bytes = Buffer.from(body.join("\r\n\r\n"), "latin1");
        const [, length] = /content-length: (\d+)/.exec(head) ?? [];
        if (bytes.length < Number(length)) return;
        const [, type = ""] = /content-type: (.*)/.exec(head) ?? [];
        void new Response(bytes, { headers: { "content-type": type } }).formData().then(told);
        socket.end(OK);
      });
    });
    const content = Buffer.alloc(300_000, "Zürich\r\n");
    const { contentType, body } = fileForm("jarfile", new Blob([content]), 'a "job".jar');
    await new HttpClient().send(request(server.url, { headers: { "content-type": contentType }, body }));
    const file = (await form).get("jarfile") as File;
    expect(file.name).toBe('a "job".jar');
    expect(Buffer.from(await file.arrayBuffer()).equals(content)).toBe(true);
  });

  it("goes over TLS to who proves the name", async () => {
    const server = await servers.secure(answering(OK));
    const url = new URL(`https://service.example.test:${server.port}/`);
    const client = new HttpClient({ lookup: toLoopback, tls: { ca: CERTIFICATE } });
    expect((await client.send(request(url))).status).toBe(200);
    expect(server.received()).toContain(`host: service.example.test:${server.port}\r\n`);
  });
});

describe("a request that was certainly not written", () => {
  const never: LookupFunction = () => undefined;

  it("had no connection", async () => {
    const error = await noAnswer(new HttpClient().send(request(new URL("http://127.0.0.1:9/"))));
    expect(error).toMatchObject({ isSent: false, code: "ECONNREFUSED" });
  });

  it("had no address", async () => {
    const lookup: LookupFunction = (_, __, callback) =>
      callback(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }), []);
    const error = await noAnswer(new HttpClient({ lookup }).send(request(new URL("http://nowhere.test/"))));
    expect(error).toMatchObject({ isSent: false, code: "ENOTFOUND" });
  });

  it.each<[string, HttpClientOptions, string]>([
    ["a certificate that nobody vouches for", { lookup: toLoopback }, "service.example.test"],
    ["a certificate of another name", { lookup: toLoopback, tls: { ca: CERTIFICATE } }, "other.example.test"],
  ])("met %s", async (_, options, host) => {
    const server = await servers.secure(answering(OK));
    const url = new URL(`https://${host}:${server.port}/`);
    const error = await noAnswer(new HttpClient(options).send(request(url)));
    expect(error).toMatchObject({ isSent: false, code: expect.stringMatching(/CERT/) });
    expect(server.received()).toBe("");
  });

  it.each(["", "220 smtp.example ESMTP\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"])(
    "wanted TLS of what has none: %j",
    async (greeting) => {
      const server = await servers.plain((socket) => socket.end(greeting));
      const url = new URL(server.url.href.replace("http:", "https:"));
      expect(await noAnswer(new HttpClient().send(request(url)))).toMatchObject({ isSent: false });
    },
  );

  it("waited too long for its connection", async () => {
    const clock = new VirtualClock();
    const client = new HttpClient({ lookup: never, clock, connectTimeoutMs: 5_000 });
    const sent = noAnswer(client.send(request(new URL("http://service.test/")), { timeoutMs: 60_000 }));
    await clock.advance(5_000);
    expect(await sent).toMatchObject({ isSent: false, code: "ETIMEDOUT" });
  });

  it("had no time left when its connection stood", async () => {
    const server = await servers.plain(answering(OK));
    let resolved: (() => void) | undefined;
    const late: LookupFunction = (host, options, callback) => {
      resolved = () => toLoopback(host, options, callback);
    };
    const clock = new VirtualClock();
    const url = new URL(`http://service.test:${server.port}/`);
    const sent = noAnswer(new HttpClient({ lookup: late, clock }).send(request(url), { timeoutMs: 1_000 }));
    await clock.advance(1_000);
    const error = await sent;
    expect(error.isSent).toBe(false);
    expect(error.cause).toBeInstanceOf(TimedOut);
    resolved?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.received()).toBe("");
  });

  it("was given up before", async () => {
    const reason = new Error("enough");
    const server = await servers.plain(answering(OK));
    const sent = new HttpClient().send(request(server.url), { signals: [AbortSignal.abort(reason)] });
    expect(await noAnswer(sent)).toMatchObject({ isSent: false, cause: reason });
    expect(server.received()).toBe("");
  });

  it("could not be written", async () => {
    const server = await servers.plain(answering(OK));
    const sent = new HttpClient().send(request(server.url, { headers: { "x-bad": "a\r\nb: c" } }));
    expect(await noAnswer(sent)).toMatchObject({ isSent: false });
    expect(server.received()).toBe("");
  });
});

describe("a request that was written", () => {
  it.each<[string, string]>([
    ["nothing", ""],
    ["half of its headers", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["half of its body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"],
    ["an interim answer only", "HTTP/1.1 103 Early Hints\r\n\r\n"],
    ["another protocol", "HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
    ["something else", "220 smtp.example ESMTP\r\n"],
  ])("may have been taken, though the answer is %s", async (_, bytes) => {
    const server = await servers.plain(answering(bytes));
    expect(await noAnswer(new HttpClient().send(request(server.url)))).toMatchObject({ isSent: true });
    expect(server.received()).toContain('{"a":1}');
  });

  it("may have been taken, though the connection was reset", async () => {
    const server = await servers.plain((socket) => void socket.once("data", () => socket.resetAndDestroy()));
    const error = await noAnswer(new HttpClient().send(request(server.url)));
    expect(error).toMatchObject({ isSent: true, code: "ECONNRESET" });
  });

  it("is not quoted in an error, whoever sends it back", async () => {
    const server = await servers.plain((socket) => void socket.once("data", (data) => socket.end(data)));
    const sent = new HttpClient().send(request(server.url, { headers: { authorization: "Bearer t0ken" } }));
    const error = await noAnswer(sent);
    expect(error).toMatchObject({ isSent: true, code: expect.stringMatching(/^HPE_/) });
    expect(JSON.stringify([error, error.cause, { ...error.cause }])).not.toContain("t0ken");
  });

  it("may have been taken, though its body broke off", async () => {
    const server = await servers.plain(() => undefined);
    const chunks = async function* () {
      yield Buffer.from("half");
      throw new Error("the file is gone");
    };
    const sent = new HttpClient().send(request(server.url, { body: { length: 8, chunks } }));
    expect(await noAnswer(sent)).toHaveProperty("message", "the file is gone");
  });

  it.each<[string, string]>([
    ["before its headers", ""],
    ["in its headers", "HTTP/1.1 200 OK\r\nx-slow: "],
    ["after its headers", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n"],
    ["in a chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{"],
    ["after an interim answer", "HTTP/1.1 102 Processing\r\n\r\n"],
  ])("is given up in time if the answer is slow %s", async (_, beginning) => {
    const clock = new VirtualClock();
    let begun: (() => void) | undefined;
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const server = await servers.plain((socket) => {
      socket.once("data", () => socket.write(beginning, () => begun?.()));
    });
    const client = new HttpClient({ clock });
    const sent = noAnswer(client.send(request(server.url), { timeoutMs: 15_000 }));
    await hasBegun;
    await clock.advance(15_000);
    const error = await sent;
    expect(error.isSent).toBe(true);
    expect(error.cause).toMatchObject({ name: "TimedOut", timeoutMs: 15_000 });
  });

  it("is given up with its signal, and its connection with it", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let closed: (() => void) | undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const server = await servers.plain((socket) => {
      socket.once("data", () => abort.abort(reason));
      socket.once("close", () => closed?.());
    });
    const sent = new HttpClient().send(request(server.url), { signals: [abort.signal] });
    expect(await noAnswer(sent)).toMatchObject({ isSent: true, cause: reason });
    await isClosed;
  });
});

describe("an answer", () => {
  it("is taken though the request was still being written", async () => {
    const server = await servers.plain(answering("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"));
    const chunks = async function* () {
      yield Buffer.from("half");
      await new Promise(() => undefined);
    };
    const sent = new HttpClient().send(request(server.url, { body: { length: 8, chunks } }));
    expect((await sent).status).toBe(413);
  });

  it("keeps every value of a header", async () => {
    const server = await servers.plain(
      answering(
        "HTTP/1.1 204 No\r\nretry-after: 1\r\nRetry-After: 2\r\nlocation: /a\r\nlocation: /b\r\n\r\n",
      ),
    );
    const { headers } = await new HttpClient().send(request(server.url));
    expect(headers).toMatchObject({ "retry-after": ["1", "2"], location: ["/a", "/b"] });
  });
});
