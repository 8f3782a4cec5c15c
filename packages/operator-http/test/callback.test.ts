import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { aRequest, untroubled } from "@tidegate/testkit";
import type { HttpOperatorOptions } from "../src/index.js";
import { aCallback } from "./bed/callbacks.js";
import { ORDERS_KEY, OTHER_KEY, rejectionOf, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

const JOB = { url: "http://127.0.0.1:9/", completion: "callback", secretRef: "orders" };
const REQUEST = aRequest(JOB);
const { idempotencyKey, runId } = REQUEST;
const SUCCEEDED = { idempotencyKey, state: "SUCCEEDED", metrics: { rowsRead: 3, rowsDirty: 0 } };
const OUTCOME = { state: "SUCCEEDED", metrics: { rowsRead: 3, rowsDirty: 0 } };

function aCalledBack(options: Partial<HttpOperatorOptions> = {}) {
  return anOperator({ secrets: { orders: ORDERS_KEY }, callbacks: { secrets: ["orders"] }, ...options });
}

describe("a callback", () => {
  it("ends the wait for its run", async () => {
    const operator = aCalledBack();
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    expect(await operator.handleCallback(aCallback(SUCCEEDED))).toEqual({
      status: 200,
      body: { status: "delivered" },
    });
    expect(await wait).toEqual(OUTCOME);
  });

  it("may name the run by its id", async () => {
    const operator = aCalledBack();
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    await operator.handleCallback(
      aCallback({ runId, state: "FAILED", error: { code: "NO_TABLE", message: "gone" } }),
    );
    expect(await wait).toEqual({ state: "FAILED", error: { code: "NO_TABLE", message: "gone" } });
  });

  it("ends every wait for its run, also later ones", async () => {
    const operator = aCalledBack();
    const waits = [1, 2].map(() => operator.wait(idempotencyKey, REQUEST, untroubled()));
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await Promise.all(waits)).toEqual([OUTCOME, OUTCOME]);
    expect(await operator.wait(idempotencyKey, REQUEST, untroubled())).toEqual(OUTCOME);
  });

  it("is kept where it comes before the wait", async () => {
    const operator = aCalledBack();
    expect(await operator.handleCallback(aCallback(SUCCEEDED))).toEqual({
      status: 202,
      body: { status: "kept" },
    });
    expect(await operator.wait(idempotencyKey, REQUEST, untroubled())).toEqual(OUTCOME);
  });

  it("is kept where it comes before the answer to the submission", async () => {
    const operator = aCalledBack();
    const service = await startService(async () => {
      await operator.handleCallback(aCallback({ ...SUCCEEDED, jobId: "42" }));
      return { jobId: "42" };
    });
    const request = aRequest({ ...JOB, url: service.url });
    const { jobId } = await operator.submit(request, untroubled());
    expect(await operator.wait(jobId, request, untroubled())).toEqual(OUTCOME);
  });

  it("is found by the next process to ask, before it submits again", async () => {
    const operator = aCalledBack();
    await operator.handleCallback(aCallback({ ...SUCCEEDED, jobId: "42" }));
    expect(await operator.find(idempotencyKey, REQUEST)).toEqual({ jobId: "42", outcome: OUTCOME });
  });

  it("of a run that nobody knows is kept, and hurts nobody", async () => {
    const operator = aCalledBack();
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    const { status } = await operator.handleCallback(aCallback({ ...SUCCEEDED, idempotencyKey: "unknown" }));
    expect(status).toBe(202);
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await wait).toEqual(OUTCOME);
  });

  it("pushes out the oldest where too many are kept", async () => {
    const operator = aCalledBack({ callbacks: { secrets: ["orders"], maxKept: 2 } });
    for (const key of [idempotencyKey, "second", "third"]) {
      await operator.handleCallback(aCallback({ ...SUCCEEDED, idempotencyKey: key }));
    }
    expect(await operator.find(idempotencyKey, REQUEST)).toBeUndefined();
    expect(await operator.find("third", REQUEST)).toBeDefined();
  });

  it("that tells of progress changes nothing", async () => {
    const operator = aCalledBack();
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    expect(await operator.handleCallback(aCallback({ idempotencyKey, state: "RUNNING" }))).toEqual({
      status: 200,
      body: { status: "noted" },
    });
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await wait).toEqual(OUTCOME);
  });

  it("that was delivered again is acknowledged and forgotten", async () => {
    const operator = aCalledBack();
    await operator.handleCallback(aCallback(SUCCEEDED, { id: "msg_same" }));
    const again = aCallback({ ...SUCCEEDED, state: "FAILED" }, { id: "msg_same" });
    expect(await operator.handleCallback(again)).toEqual({ status: 200, body: { status: "duplicate" } });
    expect(await operator.wait(idempotencyKey, REQUEST, untroubled())).toEqual(OUTCOME);
  });

  it("that contradicts an earlier one comes too late", async () => {
    const operator = aCalledBack();
    await operator.handleCallback(aCallback(SUCCEEDED));
    await operator.handleCallback(aCallback({ idempotencyKey, state: "FAILED" }));
    expect(await operator.wait(idempotencyKey, REQUEST, untroubled())).toEqual(OUTCOME);
  });

  it("of another job of the run does not count", async () => {
    const operator = aCalledBack();
    const wait = operator.wait("job-2", REQUEST, untroubled());
    await operator.handleCallback(aCallback({ idempotencyKey, jobId: "job-1", state: "FAILED" }));
    await operator.handleCallback(aCallback({ ...SUCCEEDED, jobId: "job-2" }));
    expect(await wait).toEqual(OUTCOME);
  });
});

describe("a later attempt", () => {
  it("does not end with the failure of an earlier one, nor by its replay", async () => {
    const operator = aCalledBack();
    const service = await startService(() => ({}));
    const job = { ...JOB, url: service.url };
    const failure = aCallback({ idempotencyKey, state: "FAILED" });
    await operator.submit(aRequest(job), untroubled());
    await operator.handleCallback(failure);
    const second = aRequest(job, { attempt: 2 });
    const { jobId } = await operator.submit(second, untroubled());
    const wait = operator.wait(jobId, second, untroubled());
    expect(await operator.handleCallback(failure)).toMatchObject({ body: { status: "duplicate" } });
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await wait).toEqual(OUTCOME);
  });

  it("ends with the success of an earlier one", async () => {
    const operator = aCalledBack();
    const service = await startService(() => ({}));
    const request = aRequest({ ...JOB, url: service.url });
    await operator.handleCallback(aCallback(SUCCEEDED));
    const { jobId } = await operator.submit(request, untroubled());
    expect(await operator.wait(jobId, request, untroubled())).toEqual(OUTCOME);
  });
});

describe("a callback that is not what it should be", () => {
  const NOT_SIGNED = { status: 401, body: { error: { code: "SIGNATURE_INVALID" } } };

  it("is refused where its body was changed", async () => {
    const { headers } = aCallback({ idempotencyKey, state: "FAILED" });
    const answer = await aCalledBack().handleCallback({ headers, rawBody: JSON.stringify(SUCCEEDED) });
    expect(answer).toMatchObject(NOT_SIGNED);
  });

  it("is refused where its bytes were changed to others that read the same", async () => {
    const { headers, rawBody } = aCallback(`{"idempotencyKey":"\ufffd","state":"FAILED"}`);
    const bytes = Buffer.from(rawBody as Uint8Array);
    const at = bytes.indexOf(Buffer.from("\ufffd"));
    const changed = Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at + 3)]);
    expect(changed.toString()).toBe(bytes.toString());
    expect(await aCalledBack().handleCallback({ headers, rawBody: changed })).toMatchObject(NOT_SIGNED);
  });

  it.each([
    ["its id", { "webhook-id": "msg_forged" }],
    ["its time", { "webhook-timestamp": String(Math.floor(Date.now() / 1_000) + 60) }],
    ["its signature", { "webhook-signature": `v1,${Buffer.alloc(32).toString("base64")}` }],
    ["the version of its signature", { "webhook-signature": "v2,abc" }],
  ])("is refused where %s was changed", async (_, changed) => {
    const { headers, rawBody } = aCallback(SUCCEEDED);
    const answer = await aCalledBack().handleCallback({ headers: { ...headers, ...changed }, rawBody });
    expect(answer).toMatchObject(NOT_SIGNED);
  });

  it.each(["webhook-id", "webhook-timestamp", "webhook-signature"])("is refused without %s", async (name) => {
    const { headers, rawBody } = aCallback(SUCCEEDED);
    const answer = await aCalledBack().handleCallback({
      headers: { ...headers, [name]: undefined },
      rawBody,
    });
    expect(answer).toMatchObject(NOT_SIGNED);
  });

  it.each(["webhook-id", "webhook-timestamp", "webhook-signature"])(
    "is refused with %s twice",
    async (name) => {
      const { headers, rawBody } = aCallback(SUCCEEDED);
      const twice = { ...headers, [name]: [headers[name] as string, headers[name] as string] };
      expect(await aCalledBack().handleCallback({ headers: twice, rawBody })).toMatchObject(NOT_SIGNED);
    },
  );

  it.each([
    ["too old", -300_001, 401],
    ["just young enough", -299_000, 202],
    ["just old enough", 300_000, 202],
    ["too young", 301_000, 401],
  ])("is judged by its time: %s", async (_, age, status) => {
    const clock = new VirtualClock({ start: Date.UTC(2026, 0, 1) });
    const callback = aCallback(SUCCEEDED, { at: clock.now() + age });
    expect((await aCalledBack({ clock }).handleCallback(callback)).status).toBe(status);
  });

  it.each(["-1", "1e9", "0x1", " 1", "1767225600.5"])('is refused with the time "%s"', async (timestamp) => {
    const { headers, rawBody } = aCallback(SUCCEEDED);
    const answer = await aCalledBack().handleCallback({
      headers: { ...headers, "webhook-timestamp": timestamp },
      rawBody,
    });
    expect(answer).toMatchObject(NOT_SIGNED);
  });

  it("is refused where a stranger signed it", async () => {
    const answer = await aCalledBack().handleCallback(aCallback(SUCCEEDED, { key: OTHER_KEY }));
    expect(answer).toMatchObject(NOT_SIGNED);
  });

  it.each([
    ["not JSON", "state=SUCCEEDED"],
    ["no run", { state: "SUCCEEDED" }],
    ["no state", { idempotencyKey }],
    ["an unknown state", { idempotencyKey, state: "DONE" }],
    ["a count that is none", { idempotencyKey, state: "SUCCEEDED", metrics: { rowsDirty: -1 } }],
    ["keys that would reach a prototype only", '{"__proto__":{"idempotencyKey":"x","state":"SUCCEEDED"}}'],
  ])("is refused as malformed with %s, and may be sent again", async (_, message) => {
    const operator = aCalledBack();
    expect((await operator.handleCallback(aCallback(message, { id: "msg_again" }))).status).toBe(400);
    expect((await operator.handleCallback(aCallback(SUCCEEDED, { id: "msg_again" }))).status).toBe(202);
  });

  it("is refused where it is too long, before its signature is looked at", async () => {
    const operator = aCalledBack({ callbacks: { secrets: ["orders"], maxBodyBytes: 1_024 } });
    const answer = await operator.handleCallback({ headers: {}, rawBody: Buffer.alloc(1_025) });
    expect(answer.status).toBe(413);
  });

  it("is turned away while the secrets cannot be read", async () => {
    const fail = () => Promise.reject(new Error("vault"));
    const operator = aCalledBack({ secrets: { orders: fail } });
    expect((await operator.handleCallback(aCallback(SUCCEEDED))).status).toBe(503);
  });

  it("is turned away after the stop, and where callbacks are not configured", async () => {
    const operator = aCalledBack();
    await operator.stop();
    expect((await operator.handleCallback(aCallback(SUCCEEDED))).status).toBe(503);
    expect((await anOperator().handleCallback(aCallback(SUCCEEDED))).status).toBe(404);
  });
});

describe("the secrets of callbacks", () => {
  it("are both accepted while one is rotated", async () => {
    const operator = aCalledBack({ secrets: { orders: `${ORDERS_KEY} ${OTHER_KEY}` } });
    for (const key of [ORDERS_KEY, OTHER_KEY]) {
      expect((await operator.handleCallback(aCallback(SUCCEEDED, { key }))).status).toBe(202);
    }
  });

  it("may be one of several signatures", async () => {
    const { headers, rawBody } = aCallback(SUCCEEDED);
    const signature = `v1a,xyz v1,${Buffer.alloc(32).toString("base64")} ${headers["webhook-signature"]}`;
    const answer = await aCalledBack().handleCallback({
      headers: { ...headers, "webhook-signature": signature },
      rawBody,
    });
    expect(answer.status).toBe(202);
  });

  it("end the jobs of their own schedules only", async () => {
    const operator = aCalledBack({
      secrets: { orders: ORDERS_KEY, other: OTHER_KEY },
      callbacks: { secrets: ["orders", "other"] },
    });
    const wait = operator.wait(idempotencyKey, REQUEST, untroubled());
    const foreign = aCallback({ idempotencyKey, state: "FAILED" }, { key: OTHER_KEY });
    expect(await operator.handleCallback(foreign)).toEqual({ status: 202, body: { status: "kept" } });
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await wait).toEqual(OUTCOME);
  });

  it("may be the same under two names", async () => {
    const operator = aCalledBack({
      secrets: { first: ORDERS_KEY, orders: ORDERS_KEY },
      callbacks: { secrets: ["first", "orders"] },
    });
    await operator.handleCallback(aCallback(SUCCEEDED));
    expect(await operator.wait(idempotencyKey, REQUEST, untroubled())).toEqual(OUTCOME);
  });

  it.each(["whsec_", "not-a-key-of-webhooks", `whsec_${btoa("short")}`, "        "])(
    'are refused where they are no keys: "%s"',
    async (secret) => {
      const operator = aCalledBack({ secrets: { orders: secret } });
      expect((await operator.handleCallback(aCallback(SUCCEEDED))).status).toBe(503);
      const error = await rejectionOf(operator.submit(REQUEST, untroubled()));
      expect(error).toMatchObject({ name: "OperatorError", code: "CONFIGURATION_INVALID" });
    },
  );
});

describe("a callback that does not come", () => {
  it("is made up for by the status address", async () => {
    let state = "RUNNING";
    const clock = new VirtualClock();
    const service = await startService((received) =>
      received.method === "POST" ? { jobId: "42" } : { state },
    );
    const operator = aCalledBack({ clock });
    const request = aRequest({ ...JOB, url: service.url, statusUrl: `${service.url}/{{jobId}}` });
    const { jobId } = await operator.submit(request, untroubled());
    let isEnded = false;
    const wait = operator.wait(jobId, request, untroubled()).finally(() => {
      isEnded = true;
    });
    while (service.received.length < 2) await clock.settle();
    state = "SUCCEEDED";
    while (!isEnded) await clock.advance(60_000);
    expect(await wait).toEqual({ state: "SUCCEEDED" });
  });

  it("leaves the end to the attempt's signal, where nobody can be asked", async () => {
    const abort = new AbortController();
    const reason = new Error("the attempt timed out");
    const operator = aCalledBack();
    const wait = rejectionOf(operator.wait(idempotencyKey, REQUEST, { signal: abort.signal }));
    abort.abort(reason);
    expect(await wait).toBe(reason);
  });
});
