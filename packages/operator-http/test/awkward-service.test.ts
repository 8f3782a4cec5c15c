import * as zlib from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { aRequest, untroubled } from "@tidegate/testkit";
import { rejectionOf, useOperators } from "./bed/operators.js";
import { useRawServices } from "./bed/raw-service.js";
import { wholeRun } from "./bed/whole-run.js";

const startService = useRawServices();
const anOperator = useOperators();

const DONE = JSON.stringify({ jobId: "42", state: "SUCCEEDED", metrics: { rowsRead: 7 } });
const JOB_DONE = { jobId: "42", outcome: { state: "SUCCEEDED", metrics: { rowsRead: 7 } } };

/** An answer of these bytes, with its length. */
function answer(status: string, headers: readonly string[], body: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(body);
  const lines = [`HTTP/1.1 ${status}`, ...headers, `content-length: ${bytes.length}`, "", ""];
  return Buffer.concat([Buffer.from(lines.join("\r\n")), bytes]);
}

async function submissionAnsweredWith(bytes: string | Buffer, job = {}, options = {}) {
  const { url } = await startService(() => bytes);
  return anOperator(options).submit(aRequest({ url, completion: "response", ...job }), untroubled());
}

describe("an answer that is compressed, though nobody asked for that", () => {
  const deflated: Record<string, Buffer> = {
    gzip: zlib.gzipSync(DONE),
    "x-gzip": zlib.gzipSync(DONE),
    deflate: zlib.deflateSync(DONE),
    "deflate without its frame": zlib.deflateRawSync(DONE),
    br: zlib.brotliCompressSync(DONE),
    zstd: zlib.zstdCompressSync(DONE),
    "gzip, br": zlib.brotliCompressSync(zlib.gzipSync(DONE)),
    identity: Buffer.from(DONE),
    GZIP: zlib.gzipSync(DONE),
  };

  it.each(Object.entries(deflated))("is read: %s", async (name, body) => {
    const coding = name.replace(" without its frame", "");
    const job = await submissionAnsweredWith(answer("200 OK", [`content-encoding: ${coding}`], body));
    expect(job).toEqual(JOB_DONE);
  });

  it("is not asked for", async () => {
    const service = await startService(() => answer("200 OK", [], DONE));
    await anOperator().submit(aRequest({ url: service.url, completion: "response" }), untroubled());
    expect(service.requests[0]?.toLowerCase()).toContain("accept-encoding: identity\r\n");
  });

  it("has no more bytes once it is decompressed than it may have", async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(50_000_000, " "));
    const options = { maxResponseBytes: 1_048_576 };
    const submission = submissionAnsweredWith(
      answer("200 OK", ["content-encoding: gzip"], bomb),
      {},
      options,
    );
    expect(await rejectionOf(submission)).toMatchObject({
      message: expect.stringContaining("more than 1048576 bytes"),
      isRetryable: false,
    });
  });

  it("counts as success where a 204 says that it is compressed", async () => {
    const job = await submissionAnsweredWith("HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n");
    expect(job).toMatchObject({ outcome: { state: "SUCCEEDED" } });
  });

  it("tells the reason of a refusal", async () => {
    const body = zlib.brotliCompressSync(JSON.stringify({ error: { message: "there is no such table" } }));
    const error = await rejectionOf(submissionAnsweredWith(answer("422 No", ["content-encoding: br"], body)));
    expect(error).toMatchObject({
      code: "JOB_INVALID",
      message: expect.stringContaining("there is no such table"),
    });
  });

  it("needs not be readable where it is a refusal", async () => {
    const error = await rejectionOf(
      submissionAnsweredWith(answer("429 Slow", ["content-encoding: gzip"], "no gzip")),
    );
    expect(error).toMatchObject({ code: "JOB_FAILED", field: "job.url" });
  });
});

describe("an answer in an unusual form", () => {
  it.each<[string, string | Buffer]>([
    [
      "in chunks",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n${DONE.slice(0, 5)}\r\n${(DONE.length - 5).toString(16)};x=y\r\n${DONE.slice(5)}\r\n0\r\nx-trailer: 1\r\n\r\n`,
    ],
    ["that ends with its connection", `HTTP/1.0 200 OK\r\n\r\n${DONE}`],
    ["behind early hints", `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${answer("200 OK", [], DONE)}`],
    ["behind a 100 that nobody expects", `HTTP/1.1 100 Continue\r\n\r\n${answer("200 OK", [], DONE)}`],
    ["before bytes that are no part of it", `${answer("200 OK", [], DONE)}HTTP/1.1 500 More\r\n\r\n`],
    [
      "behind two interim answers",
      `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${answer("200 OK", [], DONE)}`,
    ],
    ["as text", answer("200 OK", ["content-type: text/plain"], DONE)],
    ["as a page", answer("200 OK", ["content-type: text/html; charset=utf-8"], DONE)],
    ["without a type", answer("200 OK", [], DONE)],
    ["behind a byte order mark", answer("200 OK", ["content-type: application/json"], `\uFEFF${DONE}`)],
    ["in UTF-16", answer("200 OK", [], Buffer.from(`\uFEFF${DONE}`, "utf16le"))],
    [
      "in UTF-16, which only its type says",
      answer("200 OK", ["content-type: application/json; charset=utf-16le"], Buffer.from(DONE, "utf16le")),
    ],
    [
      "in a charset that nobody knows",
      answer("200 OK", ["content-type: application/json; charset=klingon"], DONE),
    ],
    ["with blanks around", answer("200 OK", [], `\r\n  ${DONE}\n`)],
  ])("is read: %s", async (_, bytes) => {
    expect(await submissionAnsweredWith(bytes)).toEqual(JOB_DONE);
  });

  it("is read by its charset", async () => {
    const body = Buffer.from(
      JSON.stringify({ state: "FAILED", error: { message: "Größe fehlt" } }),
      "latin1",
    );
    const type = "content-type: application/json; charset=ISO-8859-1";
    const { outcome } = await submissionAnsweredWith(answer("200 OK", [type], body));
    expect(outcome?.error?.message).toBe("Größe fehlt");
  });

  it.each<[string, string | Buffer]>([
    ["an empty 200", answer("200 OK", [])],
    ["a blank 200", answer("200 OK", [], "\r\n")],
    ["a 200 that only repeats itself", answer("200 OK", ["content-type: text/plain"], "OK")],
    ["a 201 that only repeats itself", answer("201 Created", ["content-type: text/plain"], "Created\n")],
    ["a 200 that says OK in JSON", answer("200 OK", ["content-type: application/json"], '"ok"')],
    ["null", answer("200 OK", ["content-type: application/json"], "null")],
    ["a 204", "HTTP/1.1 204 No Content\r\n\r\n"],
    ["a 205", answer("205 Reset Content", [])],
  ])("is success without any words: %s", async (_, bytes) => {
    expect(await submissionAnsweredWith(bytes)).toMatchObject({ outcome: { state: "SUCCEEDED" } });
  });
});

/** Answers of 2xx that say nothing readable, and would not the next time either. */
const UNREADABLE: readonly (readonly [string, string | Buffer])[] = [
  ["text", answer("200 OK", ["content-type: text/plain"], "ERROR: disk full")],
  ["a page", answer("200 OK", ["content-type: text/html"], "<html>Log in</html>")],
  ["half of its JSON", answer("200 OK", [], DONE.slice(0, -5))],
  ["two JSON documents", answer("200 OK", [], `${DONE}\n${DONE}`)],
  ["an unknown state", answer("200 OK", [], '{"state":"DONE"}')],
  ["an unknown coding", answer("200 OK", ["content-encoding: snappy"], DONE)],
  ["gzip that is none", answer("200 OK", ["content-encoding: gzip"], DONE)],
  ["gzip that is cut", answer("200 OK", ["content-encoding: gzip"], zlib.gzipSync(DONE).subarray(0, -12))],
  ["a hundred codings", answer("200 OK", [`content-encoding: ${Array(100).fill("gzip").join(",")}`], DONE)],
  ["too much", answer("200 OK", [], JSON.stringify({ state: "SUCCEEDED", more: "x".repeat(20_000) }))],
  ["another protocol's no", answer("200 OK", [], '{"success":false,"errMsg":"no such group"}')],
  ["a plain no", answer("200 OK", [], '{"ok":false}')],
  ["202 and nobody to ask", answer("202 Accepted", [])],
  ["an unfinished job and nobody to ask", answer("200 OK", [], '{"jobId":"42","state":"RUNNING"}')],
];

describe("a service that took the job and answers with", () => {
  it.each(UNREADABLE)("%s: does it once, and it does not pass for done", async (_, bytes) => {
    const service = await startService(() => bytes);
    const { run } = await wholeRun({ url: service.url, completion: "response" }, { maxResponseBytes: 4_096 });
    expect(run).toMatchObject({ state: "FAILED", attempt: 1, error: { code: "JOB_FAILED" } });
    expect(service.requests).toHaveLength(1);
  });

  it.each(UNREADABLE)("%s: is asked for the job, where it can be", async (_, bytes) => {
    const service = await startService((count) =>
      count === 1 ? bytes : answer("200 OK", [], JSON.stringify({ jobId: "42", state: "SUCCEEDED" })),
    );
    const job = { url: service.url, completion: "response", findUrl: `${service.url}/{{idempotencyKey}}` };
    const { run } = await wholeRun(job, { maxResponseBytes: 4_096 });
    expect(run.state).toBe("SUCCEEDED");
    expect(service.requests.map((request) => request.slice(0, 4))).toEqual(["POST", "GET "]);
  });

  it("whatever it likes: is done, where its status is all that counts", async () => {
    for (const bytes of [answer("200 OK", [], "ERROR"), answer("202 Accepted", [], "<html>")]) {
      const service = await startService(() => bytes);
      const { run } = await wholeRun({ url: service.url, completion: "response", protocol: "status" });
      expect(run.state).toBe("SUCCEEDED");
      expect(service.requests).toHaveLength(1);
    }
  });

  it("text: says how its status could be all that counts", async () => {
    const error = await rejectionOf(submissionAnsweredWith(answer("200 OK", [], "Job queued.")));
    expect(error).toMatchObject({ message: expect.stringContaining('set job.protocol to "status"') });
  });

  it("200 to every question: is not believed to have a job that it does not name", async () => {
    const { url } = await startService(() => answer("200 OK", [], "OK"));
    const request = aRequest({ url, completion: "response", findUrl: `${url}/{{idempotencyKey}}` });
    const found = await rejectionOf(anOperator().find(request.idempotencyKey, request));
    expect(found).toMatchObject({ message: expect.stringContaining("names no job") });
  });
});

describe("an error without a state", () => {
  it("is a failure, whatever the status says", async () => {
    const body = JSON.stringify({ error: { code: "NO_TABLE", message: "gone" } });
    const { outcome } = await submissionAnsweredWith(answer("200 OK", [], body));
    expect(outcome).toEqual({ state: "FAILED", error: { code: "NO_TABLE", message: "gone" } });
  });
});

describe("Retry-After of a submission", () => {
  const inTenSeconds = (from: number) => new Date(from + 10_000).toUTCString();
  const longAgo = new Date(Date.UTC(2001, 1, 3)).toUTCString();
  const served = Date.UTC(2031, 4, 6);
  const date = `date: ${new Date(served).toUTCString()}`;

  it.each<[string, string[], number]>([
    ["seconds", ["retry-after: 10"], 10_000],
    ["seconds and their parts", ["retry-after: 10.0"], 10_000],
    ["a date", [date, `retry-after: ${inTenSeconds(served)}`], 10_000],
    ["a date in RFC 850's form", [date, "retry-after: Tuesday, 06-May-31 00:00:10 GMT"], 10_000],
    ["a date in asctime's form", [date, "retry-after: Tue May  6 00:00:10 2031"], 10_000],
    ["a date in ISO 8601", [date, "retry-after: 2031-05-06T02:00:10+02:00"], 10_000],
    ["two times", ["retry-after: 3", "retry-after: 10"], 10_000],
    ["a year", ["retry-after: 31536000"], 3_600_000],
    ["longer than anybody lives", [`retry-after: ${"9".repeat(400)}`], 3_600_000],
    ["a date in a thousand years", [date, "retry-after: Fri, 06 May 3031 00:00:00 GMT"], 3_600_000],
  ])("holds back the next attempt: %s", async (_, headers, waitMs) => {
    for (const status of [
      "429 Too Many Requests",
      "503 Service Unavailable",
      "408 Request Timeout",
      "425 Too Early",
    ]) {
      const service = await startService((count) =>
        count === 1 ? answer(status, headers) : answer("200 OK", [], DONE),
      );
      const { run, submittedAt } = await wholeRun({ url: service.url, completion: "response" });
      expect(run.state).toBe("SUCCEEDED");
      expect(service.requests).toHaveLength(2);
      expect(submittedAt[1]).toBeGreaterThanOrEqual(waitMs);
      expect(submittedAt[1]).toBeLessThanOrEqual(waitMs + 1_100);
    }
  });

  it.each(["-5", "-1", "0", "soon", "", "5 s", "0x10", "1e3", longAgo, "Tue, 35 May 2031 00:00:10 GMT"])(
    "that asks for nothing leaves the back-off as it is: %j",
    async (value) => {
      const service = await startService((count) =>
        count === 1 ? answer("503 Busy", [`retry-after: ${value}`]) : answer("200 OK", [], DONE),
      );
      const { submittedAt } = await wholeRun({ url: service.url, completion: "response" });
      expect(submittedAt[1]).toBeLessThanOrEqual(1_100);
    },
  );

  it("holds back an attempt that was to look for the job first", async () => {
    const replies = [
      answer("503 Busy", []),
      answer("503 Busy", ["retry-after: 10"]),
      answer("200 OK", [], DONE),
    ];
    const service = await startService((count) => replies[count - 1]);
    const job = { url: service.url, completion: "response", findUrl: `${service.url}/{{idempotencyKey}}` };
    const { run, submittedAt } = await wholeRun(job);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 3, jobId: "42" });
    expect(service.requests.map((request) => request.slice(0, 4))).toEqual(["POST", "GET ", "GET "]);
    expect((submittedAt[2] ?? 0) - (submittedAt[1] ?? 0)).toBeGreaterThanOrEqual(10_000);
  });

  it("makes any refusal temporary", async () => {
    const refusal = answer("413 Content Too Large", ["retry-after: 10"]);
    const error = await rejectionOf(submissionAnsweredWith(refusal));
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", retryAfterMs: 10_000 });
  });

  it("counts with a failure, too", async () => {
    const body = JSON.stringify({ state: "FAILED", error: { message: "the source is locked" } });
    const { outcome } = await submissionAnsweredWith(answer("200 OK", ["retry-after: 10"], body));
    expect(outcome).toMatchObject({ state: "FAILED", retryAfterMs: 10_000 });
  });
});

describe("an answer that ends in the middle", () => {
  const parts: Record<string, Buffer | string> = {
    "before its status": "",
    "in its headers": "HTTP/1.1 200 OK\r\ncontent-length: 1",
    "before its body": "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n",
    "after words that could be all": `HTTP/1.1 200 OK\r\ncontent-length: ${DONE.length + 1}\r\n\r\n${DONE}`,
    "behind an interim answer": "HTTP/1.1 100 Continue\r\n\r\n",
    "in another protocol": "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
    "with two lengths": `HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: ${DONE.length}\r\n\r\n${DONE}`,
    "before its last chunk": `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${DONE.length.toString(16)}\r\n${DONE}\r\n`,
  };

  it.each(Object.entries(parts))("%s: is asked about before it is submitted again", async (_, part) => {
    const service = await startService((count) => (count === 1 ? part : answer("200 OK", [], DONE)));
    const job = { url: service.url, completion: "response", findUrl: `${service.url}/{{idempotencyKey}}` };
    const { run } = await wholeRun(job);
    expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2, jobId: "42" });
    expect(service.requests).toHaveLength(2);
  });

  it.each(Object.entries(parts))("%s: does not pass for done", async (_, part) => {
    const error = await rejectionOf(submissionAnsweredWith(part));
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(OperatorError);
  });
});
