import { describe, expect, it } from "@jest/globals";
import { type JsonObject, OperatorError } from "@tidegate/core";
import { ORDERS_KEY, useOperators } from "./bed/operators.js";

const anOperator = useOperators();
const JOB = { url: "https://jobs.example.com/submit", completion: "poll" };

function refusalOf(job: JsonObject): unknown {
  const operator = anOperator({
    allow: ["jobs.example.com", "*.internal.example.com"],
    secrets: {
      orders: ORDERS_KEY,
      unusedForCallbacks: ORDERS_KEY,
      login: {
        value: "user:passw0rd",
        use: "basic",
        hosts: ["jobs.example.com", "*.internal.example.com"],
      },
    },
    callbacks: { secrets: ["orders"] },
    allowHttp: false,
  });
  try {
    operator.validate(job);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("validate", () => {
  it.each<[string, JsonObject]>([
    ["the least", JOB],
    [
      "everything",
      {
        url: "https://jobs.example.com/submit?table=orders",
        method: "PUT",
        headers: { "X-Tenant": "north", Accept: "application/json" },
        payload: { columns: ["a", "b"], nested: { deep: null } },
        protocol: "inlong",
        completion: "callback",
        statusUrl: "https://a.internal.example.com/jobs/{{jobId}}?group={{groupId}}",
        pollIntervalMs: 100,
        findUrl: "https://jobs.example.com/jobs?key={{idempotencyKey}}",
        cancelUrl: "https://jobs.example.com/jobs/{{jobId}}/cancel",
        cancelMethod: "DELETE",
        secretRef: "orders",
        auth: { secretRef: "login", scheme: "Basic" },
        requestTimeoutMs: 1_000,
      },
    ],
  ])("accepts %s", (_, job) => {
    expect(refusalOf(job)).toBeUndefined();
  });

  it.each<[JsonObject, string]>([
    [{}, "job.url"],
    [{ ...JOB, url: "jobs.example.com" }, "job.url"],
    [{ ...JOB, url: "https://jobs.example.com/{{jobId}}" }, "job.url"],
    [{ ...JOB, url: "https://user:pass@jobs.example.com/" }, "job.url"],
    [{ ...JOB, url: "https://jobs.example.com/?access_token=x" }, "job.url"],
    [{ ...JOB, completion: "guess" }, "job.completion"],
    [{ ...JOB, method: "GET" }, "job.method"],
    [{ ...JOB, protocol: "status" }, "job.protocol"],
    [
      { ...JOB, completion: "response", protocol: "status", statusUrl: "https://jobs.example.com/" },
      "job.statusUrl",
    ],
    [
      { ...JOB, completion: "response", protocol: "status", findUrl: "https://jobs.example.com/" },
      "job.findUrl",
    ],
    [{ ...JOB, typo: 1 }, "job.typo"],
    [{ ...JOB, statusUrl: "https://{{jobId}}.internal.example.com/" }, "job.statusUrl"],
    [{ ...JOB, statusUrl: "https://jobs.example.com/{{id}}" }, "job.statusUrl"],
    [{ ...JOB, statusUrl: "https://jobs.example.com/{{jobId" }, "job.statusUrl"],
    [{ ...JOB, statusUrl: "https://jobs.example.com/{jobId}" }, "job.statusUrl"],
    [{ ...JOB, findUrl: "https://jobs.example.com/{{jobId}}" }, "job.findUrl"],
    [{ ...JOB, pollIntervalMs: 10 }, "job.pollIntervalMs"],
    [{ ...JOB, requestTimeoutMs: 0.5 }, "job.requestTimeoutMs"],
    [{ ...JOB, headers: { Authorization: "Bearer x" } }, "job.headers.Authorization"],
    [{ ...JOB, headers: { "X-Api-Key": "x" } }, "job.headers.X-Api-Key"],
    [{ ...JOB, headers: { Cookie: "x" } }, "job.headers.Cookie"],
    [{ ...JOB, headers: { Host: "x" } }, "job.headers.Host"],
    [{ ...JOB, headers: { "Webhook-Id": "x" } }, "job.headers.Webhook-Id"],
    [{ ...JOB, headers: { "X y": "x" } }, "job.headers.X y"],
    [{ ...JOB, headers: { "X-Tenant": "a\r\nHost: b" } }, "job.headers.X-Tenant"],
    [{ ...JOB, secretRef: "unknown" }, "job.secretRef"],
    [{ ...JOB, auth: { secretRef: "unknown" } }, "job.auth.secretRef"],
    [{ ...JOB, auth: { secretRef: "orders", scheme: "Bearer", header: "X-Key" } }, "job.auth.scheme"],
    [{ ...JOB, auth: { secretRef: "orders", header: "Host" } }, "job.auth.header"],
    [{ ...JOB, completion: "callback" }, "job.secretRef"],
    [{ ...JOB, completion: "callback", secretRef: "unusedForCallbacks" }, "job.secretRef"],
  ])("refuses %j and names %s", (job, field) => {
    const error = refusalOf(job);
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_INVALID", field });
    expect((error as Error).message).toContain(field);
  });

  it("shows the way out where a header holds a credential", () => {
    const error = refusalOf({ ...JOB, headers: { Authorization: "Bearer x" } });
    expect((error as Error).message).toMatch(/secretRef|auth/);
  });

  it.each(["url", "statusUrl", "findUrl", "cancelUrl"])(
    "refuses a host in %s that is not allowed",
    (field) => {
      const error = refusalOf({ ...JOB, [field]: "https://evil.example/" });
      expect(error).toMatchObject({ code: "ADDRESS_NOT_ALLOWED", field: `job.${field}` });
      expect((error as Error).message).toContain("evil.example");
    },
  );
});

describe("notes on a job", () => {
  const URLS = {
    statusUrl: "https://jobs.example.com/{{jobId}}",
    findUrl: "https://jobs.example.com/by/{{runId}}",
  };
  const notesOn = (job: JsonObject) => anOperator().notesOn({ ...JOB, ...job });

  it.each<[string, JsonObject, readonly RegExp[]]>([
    ["a job that can be looked up", URLS, []],
    ["a job whose status is asked by its key", { statusUrl: "https://jobs.example.com/{{runId}}" }, []],
    [
      "a job that cannot be looked up",
      { statusUrl: URLS.statusUrl },
      [/^job\.findUrl: .*does the job twice/],
    ],
    [
      "a job that only a callback ends",
      { completion: "callback", secretRef: "orders" },
      [/^job\.findUrl: /, /^job\.statusUrl: .*timeoutMs/],
    ],
  ])("say what its service must do: %s", (_, job, expected) => {
    const notes = notesOn(job);
    expect(notes).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(notes[index]).toMatch(pattern);
  });
});
