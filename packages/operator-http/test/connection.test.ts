import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { aRequest, untroubled } from "@tidegate/testkit";
import { LOOPBACK, rejectionOf, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that is given each connection as it is. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function submissionTo(url: string, job: Record<string, string | number> = {}, options = {}) {
  return anOperator(options).submit(aRequest({ url, completion: "response", ...job }), untroubled());
}

describe("a service that does not answer", () => {
  it("took nothing where the connection was refused", async () => {
    const service = await startService(() => ({}));
    await service.close();
    const error = await rejectionOf(submissionTo(service.url));
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", field: "job.url" });
    expect((error as Error).message).toContain("ECONNREFUSED");
  });

  it("took nothing where its name is unknown", async () => {
    const resolve = async () => {
      throw Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" });
    };
    const options = { ...LOOPBACK, allow: ["jobs.example.test"], resolve };
    const error = await rejectionOf(submissionTo("http://jobs.example.test/", {}, options));
    expect(error).toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain("ENOTFOUND");
  });

  it("took nothing where the time was up before the connection stood", async () => {
    const service = await startService(() => ({}));
    let release: ((addresses: { address: string; family: number }[]) => void) | undefined;
    const options = {
      allow: ["jobs.example.test"],
      allowPrivate: ["jobs.example.test"],
      resolve: () => new Promise<{ address: string; family: number }[]>((resolve) => (release = resolve)),
    };
    const url = service.url.replace("127.0.0.1", "jobs.example.test");
    const error = await rejectionOf(submissionTo(url, { requestTimeoutMs: 50 }, options));
    expect(error).toBeInstanceOf(OperatorError);
    // The name is known at last: the connection that is made now carries no request.
    release?.([{ address: "127.0.0.1", family: 4 }]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(service.received).toEqual([]);
  });

  it("may have taken the job where the time was up after it had the request", async () => {
    const service = await startService(() => new Promise(() => undefined));
    const error = await rejectionOf(submissionTo(service.url, { requestTimeoutMs: 10_000 }));
    expect(service.received).toHaveLength(1);
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain("not answered within 10000 ms");
  });

  it("may have taken the job where it sends its answer too slowly", async () => {
    const url = await rawServer((socket) => {
      // At this pace it takes far longer than the request may.
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{");
      const drip = setInterval(() => socket.write(" "), 20);
      socket.on("close", () => clearInterval(drip));
    });
    const error = await rejectionOf(submissionTo(url, { requestTimeoutMs: 10_000 }));
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain("not answered within 10000 ms");
  });

  it.each([
    ["before it answers", ""],
    ["in its headers", "HTTP/1.1 200 OK\r\ncontent-le"],
    ["in its answer", 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"state":'],
    ["in a chunk of its answer", 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40\r\n{"state":'],
  ])("may have taken the job where it dies %s", async (_, part) => {
    const url = await rawServer((socket) => socket.once("data", () => socket.end(part)));
    const error = await rejectionOf(submissionTo(url));
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(OperatorError);
  });

  it("may have taken the job where it resets the connection", async () => {
    const url = await rawServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    const error = await rejectionOf(submissionTo(url));
    expect(error).not.toBeInstanceOf(OperatorError);
  });

  it("is known to have refused where only the refusal's body broke off", async () => {
    const url = await rawServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 422 No\r\ncontent-length: 100\r\n\r\n{")),
    );
    expect(await rejectionOf(submissionTo(url))).toMatchObject({ code: "JOB_INVALID" });
  });

  it("may have taken the job where it does not speak HTTP", async () => {
    const url = await rawServer((socket) =>
      socket.once("data", () => socket.end("220 smtp.example ESMTP\r\n")),
    );
    const error = await rejectionOf(submissionTo(url));
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).cause).toBeUndefined();
  });
});

describe("an answer that is too long", () => {
  const long = "x".repeat(5_000);

  it("is not read to its end", async () => {
    const service = await startService(() => ({ jobId: "1", more: long }));
    const error = await rejectionOf(submissionTo(service.url, {}, { maxResponseBytes: 2_048 }));
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain("more than 2048 bytes");
  });

  it("is not read to its end where its length is not told", async () => {
    const url = await rawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const flood = setInterval(() => socket.write(long), 1);
      socket.on("close", () => clearInterval(flood));
    });
    const error = await rejectionOf(submissionTo(url, {}, { maxResponseBytes: 16_384 }));
    expect((error as Error).message).toContain("more than 16384 bytes");
  });

  it("counts by its status where that is a refusal", async () => {
    const service = await startService((_, reply) => reply.code(400).send(long));
    const error = await rejectionOf(submissionTo(service.url, {}, { maxResponseBytes: 2_048 }));
    expect(error).toMatchObject({ code: "JOB_INVALID" });
  });

  it("may not have headers without end either", async () => {
    const url = await rawServer((socket) =>
      socket.once("data", () => socket.end(`HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}\r\n\r\n`)),
    );
    const error = await rejectionOf(submissionTo(url));
    expect((error as Error).message).toContain("UND_ERR_HEADERS_OVERFLOW");
  });
});

describe("an attempt that is aborted", () => {
  const reason = new OperatorError("JOB_CANCELLED", "The run was cancelled.");

  it("sends nothing where it was aborted before", async () => {
    const service = await startService(() => ({}));
    const request = aRequest({ url: service.url, completion: "response" });
    const submission = anOperator().submit(request, { signal: AbortSignal.abort(reason) });
    await expect(submission).rejects.toBe(reason);
    expect(service.connections()).toBe(0);
  });

  it("breaks off its request", async () => {
    const abort = new AbortController();
    let tellGone: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      tellGone = resolve;
    });
    const url = await rawServer((socket) => {
      socket.once("data", () => abort.abort(reason));
      socket.once("close", () => tellGone?.());
    });
    const request = aRequest({ url, completion: "response" });
    await expect(anOperator().submit(request, { signal: abort.signal })).rejects.toBe(reason);
    await gone;
  });

  it("does not wait for a secret", async () => {
    const abort = new AbortController();
    const fetchSecret = () => {
      abort.abort(reason);
      return new Promise<string>(() => undefined);
    };
    const operator = anOperator({ secrets: { token: fetchSecret } });
    const job = { url: "http://127.0.0.1:9", completion: "response", auth: { secretRef: "token" } };
    await expect(operator.submit(aRequest(job), { signal: abort.signal })).rejects.toBe(reason);
  });

  it("ends with the operator", async () => {
    const service = await startService(() => new Promise(() => undefined));
    const operator = anOperator();
    const submission = rejectionOf(
      operator.submit(aRequest({ url: service.url, completion: "response" }), untroubled()),
    );
    await operator.stop();
    expect(await submission).toMatchObject({ code: "NOT_RUNNING" });
  });

  it("is no obstacle to a start after the stop", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator();
    await operator.stop();
    await operator.start();
    const request = aRequest({ url: service.url, completion: "response" });
    expect(await operator.submit(request, untroubled())).toMatchObject({ outcome: { state: "SUCCEEDED" } });
  });
});
