import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import { aRequest, untroubled } from "@tidegate/testkit";
import { LOOPBACK, rejectionOf, useOperators } from "./bed/operators.js";
import { type Received, useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

const METRICS = { rowsRead: 10, rowsWritten: 9, rowsDirty: 1, bytesWritten: 512 };

/** Lets time pass until the work has ended. */
async function passing<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let isEnded = false;
  const ended = work.finally(() => {
    isEnded = true;
  });
  ended.catch(() => undefined);
  while (!isEnded) await clock.advance(1_000);
  return ended;
}

describe('completion "response"', () => {
  it("ends with the answer to the submission", async () => {
    const service = await startService(() => ({
      jobId: "42",
      state: "SUCCEEDED",
      metrics: METRICS,
      address: "https://jobs.example.com/42",
    }));
    const operator = anOperator();
    const request = aRequest({ url: service.url, completion: "response" });
    const outcome = { state: "SUCCEEDED", metrics: METRICS };
    const job = await operator.submit(request, untroubled());
    expect(job).toEqual({ jobId: "42", address: "https://jobs.example.com/42", outcome });
    expect(await operator.wait("42", request, untroubled())).toEqual(outcome);
    expect(service.received).toHaveLength(1);
  });

  it("takes an empty answer for success", async () => {
    const service = await startService((_, reply) => reply.code(204).send());
    const job = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(job).toEqual({ jobId: aRequest({}).idempotencyKey, outcome: { state: "SUCCEEDED" } });
  });

  it.each([
    [
      { code: "NO_TABLE", message: "gone" },
      { code: "NO_TABLE", message: "gone" },
    ],
    [
      { code: "no such table", message: "gone" },
      { code: "JOB_FAILED", message: "no such table: gone" },
    ],
    [{}, { code: "JOB_FAILED", message: "The service did not say why." }],
  ])("tells why a job failed: %j", async (error, expected) => {
    const service = await startService(() => ({ state: "FAILED", error, metrics: METRICS }));
    const { outcome } = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(outcome).toEqual({ state: "FAILED", error: expected, metrics: METRICS });
  });

  it("passes on that another attempt cannot help", async () => {
    const service = await startService(() => ({
      state: "FAILED",
      error: { message: "no", isRetryable: false },
    }));
    const { outcome } = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(outcome?.isRetryable).toBe(false);
  });

  it("knows no end where the answer says RUNNING and nobody can be asked", async () => {
    const service = await startService(() => ({ jobId: "42", state: "RUNNING" }));
    const request = aRequest({ url: service.url, completion: "response" });
    await expect(anOperator().submit(request, untroubled())).rejects.toThrow("job.statusUrl");
  });

  it("cannot tell the end in another process, unless it may ask", async () => {
    const service = await startService((received) =>
      received.method === "POST" ? { jobId: "42" } : { jobId: "42", state: "SUCCEEDED", metrics: METRICS },
    );
    const request = aRequest({ url: service.url, completion: "response" });
    const { jobId } = await anOperator().submit(request, untroubled());
    await expect(anOperator().wait(jobId, request, untroubled())).rejects.toThrow("job.statusUrl");
    const askable = aRequest({ ...request.job, statusUrl: `${service.url}/{{jobId}}` });
    expect(await anOperator().wait(jobId, askable, untroubled())).toMatchObject({ metrics: METRICS });
  });
});

/** A service whose job ends at the third look. */
function thirdTime(submission: JsonObject | ((received: Received) => JsonObject)) {
  let looks = 0;
  return (received: Received) => {
    if (received.method === "POST")
      return typeof submission === "function" ? submission(received) : submission;
    looks += 1;
    return looks < 3
      ? { state: looks === 1 ? "PENDING" : "RUNNING" }
      : { state: "SUCCEEDED", metrics: METRICS };
  };
}

describe('completion "poll"', () => {
  it("asks the status address of the job until the end", async () => {
    const service = await startService(thirdTime({ jobId: "a/b" }));
    const clock = new VirtualClock();
    const operator = anOperator({ clock });
    const job = {
      url: service.url,
      completion: "poll",
      statusUrl: `${service.url}/jobs/{{jobId}}?g={{groupId}}`,
    };
    const { jobId } = await operator.submit(aRequest(job), untroubled());
    const outcome = await passing(clock, operator.wait(jobId, aRequest(job), untroubled()));
    expect(outcome).toEqual({ state: "SUCCEEDED", metrics: METRICS });
    expect(service.received.slice(1).map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 3 }, () => "GET /jobs/a%2Fb?g=orders"),
    );
  });

  it.each<[string, (url: string) => JsonObject]>([
    ["relative", () => ({ jobId: "42", statusUrl: "../state/42" })],
    ["absolute", (url) => ({ jobId: "42", statusUrl: `${url}/state/42` })],
    ["without an id of its own", () => ({ statusUrl: "/state/42" })],
  ])("asks the status address that the answer gives: %s", async (_, submission) => {
    let url = "";
    const service = await startService(thirdTime(() => submission(url)));
    url = service.url;
    const clock = new VirtualClock();
    const request = aRequest({ url: `${url}/jobs/new`, completion: "poll" });
    const { jobId } = await anOperator().submit(request, untroubled());
    // Another process has nothing but the job id.
    const outcome = await passing(clock, anOperator({ clock }).wait(jobId, request, untroubled()));
    expect(outcome.state).toBe("SUCCEEDED");
    expect(service.received.at(-1)?.path).toBe("/state/42");
  });

  it("asks at the Location of the answer", async () => {
    const answering = thirdTime({ jobId: "42" });
    const service = await startService((received, reply) => {
      reply.header("location", "/state/42");
      return answering(received);
    });
    const clock = new VirtualClock();
    const operator = anOperator({ clock });
    const request = aRequest({ url: service.url, completion: "poll" });
    const { jobId } = await operator.submit(request, untroubled());
    expect((await passing(clock, operator.wait(jobId, request, untroubled()))).state).toBe("SUCCEEDED");
    expect(service.received.at(-1)?.path).toBe("/state/42");
  });

  it("passes over a Location at another origin, where it has an address already", async () => {
    const service = await startService((_, reply) => {
      reply.header("location", "https://ui.example.com/42");
      return { jobId: "42", state: "SUCCEEDED" };
    });
    const request = aRequest({ url: service.url, completion: "poll" });
    expect(await anOperator().submit(request, untroubled())).toEqual({
      jobId: "42",
      outcome: { state: "SUCCEEDED" },
    });
  });

  it("cannot go on without an address", async () => {
    const service = await startService(() => ({ jobId: "42" }));
    const request = aRequest({ url: service.url, completion: "poll" });
    await expect(anOperator().submit(request, untroubled())).rejects.toThrow("job.statusUrl");
  });

  it("bears with a service that is away for a while", async () => {
    const replies = [500, 404, 429, 200];
    const service = await startService((received, reply) => {
      if (received.method === "POST") return { jobId: "42" };
      const status = replies.shift() ?? 200;
      return reply.code(status).send(status === 200 ? { state: "SUCCEEDED" } : "");
    });
    const clock = new VirtualClock();
    const operator = anOperator({ clock });
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    expect((await passing(clock, operator.wait(jobId, request, untroubled()))).state).toBe("SUCCEEDED");
  });

  it("asks no sooner than a service wants to be asked that says for how long its job will run", async () => {
    const times: number[] = [];
    const clock = new VirtualClock();
    const service = await startService((received, reply) => {
      if (received.method === "POST") return { jobId: "42" };
      times.push(clock.now());
      return reply.header("retry-after", "120").send({ state: times.length < 3 ? "RUNNING" : "SUCCEEDED" });
    });
    const operator = anOperator({ clock });
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    expect((await passing(clock, operator.wait(jobId, request, untroubled()))).state).toBe("SUCCEEDED");
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps).toHaveLength(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(120_000);
  });

  it.each([
    ["no state", "{}"],
    ["no JSON", "ok"],
    ["bad metrics", '{"state":"SUCCEEDED","metrics":{"rowsDirty":"none"}}'],
  ])("takes an answer with %s for none", async (_, body) => {
    const service = await startService((received, reply) =>
      received.method === "POST" ? { jobId: "42" } : reply.type("application/json").send(body),
    );
    const operator = anOperator({ unreachableMs: 0 });
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    const error = await rejectionOf(operator.wait(jobId, request, untroubled()));
    expect((error as Error).message).toContain("the service has not answered for 0 s");
  });

  it("ends with its signal while a question is under way", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    const service = await startService((received) => {
      if (received.method === "POST") return { jobId: "42" };
      abort.abort(reason);
      return new Promise(() => undefined);
    });
    const operator = anOperator();
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    expect(await rejectionOf(operator.wait(jobId, request, { signal: abort.signal }))).toBe(reason);
  });

  it("ends with the operator while it waits for the next question", async () => {
    const service = await startService(() => ({ jobId: "42", state: "RUNNING" }));
    const clock = new VirtualClock();
    const operator = anOperator({ clock });
    const request = aRequest({ url: service.url, completion: "poll", statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    const wait = rejectionOf(operator.wait(jobId, request, untroubled()));
    await operator.stop();
    expect(await wait).toMatchObject({ code: "NOT_RUNNING" });
  });
});

describe("find", () => {
  const key = aRequest({}).idempotencyKey;

  it("asks the address for it by the key", async () => {
    const service = await startService(() => ({ jobId: "42", state: "FAILED", error: { message: "gone" } }));
    const job = {
      url: service.url,
      completion: "poll",
      statusUrl: `${service.url}/jobs/{{jobId}}`,
      findUrl: `${service.url}/jobs?key={{idempotencyKey}}`,
    };
    const found = await anOperator().find(key, aRequest(job));
    expect(found).toEqual({
      jobId: "42",
      outcome: { state: "FAILED", error: { code: "JOB_FAILED", message: "gone" } },
    });
    expect(service.received[0]).toMatchObject({ method: "GET", path: `/jobs?key=${key}` });
  });

  it("asks the status address where that goes by the key", async () => {
    const service = await startService(() => ({ state: "RUNNING" }));
    const job = { url: service.url, completion: "poll", statusUrl: `${service.url}/runs/{{runId}}` };
    expect(await anOperator().find(key, aRequest(job))).toEqual({ jobId: key });
    expect(service.received[0]?.path).toBe(`/runs/${aRequest({}).runId}`);
  });

  it.each([404, 410, 204])("knows no job where the service answers %i", async (status) => {
    const service = await startService((_, reply) => reply.code(status).send());
    const job = { url: service.url, completion: "poll", findUrl: `${service.url}/jobs/{{idempotencyKey}}` };
    expect(await anOperator().find(key, aRequest(job))).toBeUndefined();
  });

  it.each([400, 401, 500])("rejects where the service answers %i, for it may have a job", async (status) => {
    const service = await startService((_, reply) => reply.code(status).send());
    const job = { url: service.url, completion: "poll", findUrl: `${service.url}/jobs/{{idempotencyKey}}` };
    await expect(anOperator().find(key, aRequest(job))).rejects.toThrow(String(status));
  });

  it("knows no job where there is no address to ask: a repetition relies on the key", async () => {
    const service = await startService(() => ({ jobId: "42" }));
    const job = { url: service.url, completion: "poll", statusUrl: `${service.url}/jobs/{{jobId}}` };
    const operator = anOperator();
    await operator.submit(aRequest(job), untroubled());
    expect(await operator.find(key, aRequest(job))).toBeUndefined();
    expect(service.received).toHaveLength(1);
  });
});

describe("cancel", () => {
  it.each([
    [{}, "POST", { jobId: "42", runId: aRequest({}).runId, idempotencyKey: aRequest({}).idempotencyKey }],
    [{ cancelMethod: "DELETE" }, "DELETE", undefined],
  ])("asks the service, with %j by %s", async (more, method, body) => {
    const service = await startService((_, reply) => reply.code(202).send());
    const job = { url: service.url, completion: "poll", cancelUrl: `${service.url}/jobs/{{jobId}}`, ...more };
    await anOperator().cancel("42", aRequest(job));
    expect(service.received[0]).toMatchObject({ method, path: "/jobs/42" });
    const sent = service.received[0]!.body.toString();
    expect(sent === "" ? undefined : JSON.parse(sent)).toEqual(body);
  });

  it.each([404, 409, 410])("is content where there is nothing to stop (%i)", async (status) => {
    const service = await startService((_, reply) => reply.code(status).send());
    const job = { url: service.url, completion: "poll", cancelUrl: `${service.url}/jobs/{{jobId}}` };
    await expect(anOperator().cancel("42", aRequest(job))).resolves.toBeUndefined();
  });

  it("rejects where the service does not acknowledge", async () => {
    const service = await startService((_, reply) => reply.code(500).send());
    const job = { url: service.url, completion: "poll", cancelUrl: `${service.url}/jobs/{{jobId}}` };
    await expect(anOperator().cancel("42", aRequest(job))).rejects.toThrow("500");
  });

  it("does nothing where the job gives no address for it", async () => {
    const service = await startService(() => ({}));
    await anOperator().cancel("42", aRequest({ url: service.url, completion: "poll" }));
    expect(service.received).toEqual([]);
  });

  it("uses the service's id where the job id holds a status address as well", async () => {
    const service = await startService(() => ({ jobId: "42", statusUrl: "/state/42" }));
    const operator = anOperator(LOOPBACK);
    const request = aRequest({
      url: service.url,
      completion: "poll",
      cancelUrl: `${service.url}/jobs/{{jobId}}`,
    });
    const { jobId } = await operator.submit(request, untroubled());
    await operator.cancel(jobId, request);
    expect(service.received.at(-1)?.path).toBe("/jobs/42");
  });
});

describe("the InLong protocol", () => {
  const submit = async (body: unknown) => {
    const service = await startService(() => body);
    const request = aRequest({ url: service.url, completion: "response", protocol: "inlong" });
    return anOperator().submit(request, untroubled());
  };

  it("takes success with data true for accepted", async () => {
    expect(await submit({ success: true, errMsg: null, data: true })).toMatchObject({
      outcome: { state: "SUCCEEDED" },
    });
  });

  it("reads a report in data", async () => {
    const job = await submit({
      success: true,
      errMsg: null,
      data: { jobId: "42", state: "SUCCEEDED", metrics: METRICS },
    });
    expect(job).toEqual({ jobId: "42", outcome: { state: "SUCCEEDED", metrics: METRICS } });
  });

  it.each([
    [{ success: false, errMsg: "group not found", data: null }, "group not found"],
    [{ success: true, errMsg: null, data: false }, "data is false"],
  ])("takes %j with HTTP 200 for a refusal", async (body, reason) => {
    const error = await rejectionOf(submit(body));
    expect(error).toMatchObject({ name: "OperatorError", code: "JOB_FAILED", field: "job.url" });
    expect((error as Error).message).toContain(reason);
  });

  it.each([{}, { success: "true" }, { success: true, data: 17 }, ""])(
    "leaves open what an answer means that is not its envelope: %j",
    async (body) => {
      const error = await rejectionOf(submit(body));
      expect((error as Error).name).toBe("Error");
      expect((error as Error).message).toContain("the service took the job, but its answer");
    },
  );

  it("polls through the envelope too", async () => {
    const service = await startService((received) => ({
      success: true,
      errMsg: null,
      data: received.method === "POST" ? true : { state: "SUCCEEDED" },
    }));
    const operator = anOperator();
    const job = {
      url: service.url,
      completion: "poll",
      protocol: "inlong",
      statusUrl: `${service.url}/{{runId}}`,
    };
    const { jobId } = await operator.submit(aRequest(job), untroubled());
    expect(await operator.wait(jobId, aRequest(job), untroubled())).toEqual({ state: "SUCCEEDED" });
  });
});
