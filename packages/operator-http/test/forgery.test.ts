import { describe, expect, it } from "@jest/globals";
import { aRequest, untroubled } from "@tidegate/testkit";
import { rejectionOf, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

/** A resolver that gives its answers one after the other, the last again and again. */
function resolver(...answers: string[][]) {
  const asked: string[] = [];
  const resolve = async (host: string) => {
    asked.push(host);
    const addresses = answers.length > 1 ? answers.shift()! : answers[0]!;
    return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  };
  return { resolve, asked };
}

describe("request forgery", () => {
  it("opens no connection to a host that is not allowed", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator({ allow: ["jobs.example.com"] });
    const submission = operator.submit(aRequest({ url: service.url, completion: "response" }), untroubled());
    expect(await rejectionOf(submission)).toMatchObject({ code: "ADDRESS_NOT_ALLOWED", field: "job.url" });
    expect(service.connections()).toBe(0);
  });

  it("opens no connection to an allowed name that stands for a private address", async () => {
    const service = await startService(() => ({}));
    const { resolve } = resolver(["127.0.0.1"]);
    const operator = anOperator({ allow: ["jobs.example.com"], allowPrivate: [], resolve });
    const url = service.url.replace("127.0.0.1", "jobs.example.com");
    const submission = operator.submit(aRequest({ url, completion: "response" }), untroubled());
    const error = await rejectionOf(submission);
    expect(error).toMatchObject({ code: "ADDRESS_NOT_ALLOWED", field: "job.url" });
    expect((error as Error).message).toContain("jobs.example.com");
    expect(service.connections()).toBe(0);
  });

  it("refuses a name with one forbidden address among good ones", async () => {
    const service = await startService(() => ({}));
    const { resolve } = resolver(["127.0.0.1", "169.254.169.254"]);
    const operator = anOperator({ allow: ["jobs.example.com"], allowPrivate: ["jobs.example.com"], resolve });
    const url = service.url.replace("127.0.0.1", "jobs.example.com");
    const submission = operator.submit(aRequest({ url, completion: "response" }), untroubled());
    expect(await rejectionOf(submission)).toMatchObject({ code: "ADDRESS_NOT_ALLOWED" });
    expect(service.connections()).toBe(0);
  });

  it("resolves a name once for a connection, and connects to what it checked", async () => {
    const service = await startService((received) => ({ jobId: received.headers.host }));
    const { resolve, asked } = resolver(["127.0.0.1"]);
    const operator = anOperator({ allow: ["jobs.example.com"], allowPrivate: ["jobs.example.com"], resolve });
    const url = service.url.replace("127.0.0.1", "jobs.example.com");
    const { jobId } = await operator.submit(aRequest({ url, completion: "response" }), untroubled());
    expect(jobId).toBe(service.authority.replace("127.0.0.1", "jobs.example.com"));
    expect(asked).toEqual(["jobs.example.com"]);
  });

  it("checks again for the next connection, where the answer has changed (rebinding)", async () => {
    const service = await startService(() => ({ jobId: "1", state: "RUNNING" }));
    const { resolve } = resolver(["127.0.0.1"], ["169.254.169.254"]);
    const operator = anOperator({ allow: ["jobs.example.com"], allowPrivate: ["jobs.example.com"], resolve });
    const url = service.url.replace("127.0.0.1", "jobs.example.com");
    const request = aRequest({ url, completion: "poll", statusUrl: `${url}/jobs/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    const error = await rejectionOf(operator.wait(jobId, request, untroubled()));
    expect(error).toMatchObject({ code: "ADDRESS_NOT_ALLOWED", field: "job.statusUrl" });
    expect(service.received).toHaveLength(1);
  });

  it("follows no redirect when it asks for the state either", async () => {
    const other = await startService(() => ({ state: "SUCCEEDED" }));
    const service = await startService((received, reply) =>
      received.method === "POST" ? { jobId: "1" } : reply.redirect(`${other.url}/`),
    );
    const operator = anOperator({ unreachableMs: 0 });
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    await expect(operator.wait(jobId, request, untroubled())).rejects.toThrow("302");
    expect(other.connections()).toBe(0);
  });

  it("lets no job id climb out of the status address", async () => {
    const service = await startService(() => ({ jobId: "../../admin?x=1#", state: "RUNNING" }));
    const operator = anOperator({ unreachableMs: 0 });
    const request = aRequest({
      url: service.url,
      completion: "poll",
      statusUrl: `${service.url}/jobs/{{jobId}}/state`,
    });
    const { jobId } = await operator.submit(request, untroubled());
    const abort = new AbortController();
    const wait = rejectionOf(operator.wait(jobId, request, { signal: abort.signal }));
    while (service.received.length < 2) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await wait;
    expect(service.received[1]?.path).toBe("/jobs/..%2F..%2Fadmin%3Fx%3D1%23/state");
  });
});
