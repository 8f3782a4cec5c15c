import { describe, expect, it } from "@jest/globals";
import { aRequest, untroubled } from "@tidegate/testkit";
import { aCallback } from "./bed/callbacks.js";
import { ORDERS_KEY, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

const look = (after: number) => ({ ...untroubled(), after });

describe("the log of a job", () => {
  it.each([
    ["a text", "read 10\r\nwrote 9\n", { lines: ["read 10", "wrote 9"], first: 0 }],
    ["lines", { lines: ["wrote 9"] }, { lines: ["wrote 9"], first: 0 }],
    ["its last lines", { lines: ["wrote 9"], first: 41 }, { lines: ["wrote 9"], first: 41 }],
  ])("comes with its end, as %s", async (_, log, expected) => {
    const service = await startService(() => ({ state: "SUCCEEDED", log }));
    const { outcome } = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(outcome).toEqual({ state: "SUCCEEDED", log: expected });
  });

  it.each([
    ["no lines", { lines: [] }],
    ["an empty text", ""],
    ["no log", 7],
    ["lines that are none", [7]],
  ])("is worth no outcome: %s", async (_, log) => {
    const service = await startService(() => ({ state: "SUCCEEDED", log }));
    const { outcome } = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(outcome).toEqual({ state: "SUCCEEDED" });
  });

  it("is shown while the job runs, as the service reports it with the state", async () => {
    const service = await startService(({ method }) =>
      method === "POST" ? { jobId: "42" } : { state: "RUNNING", log: { lines: ["a", "b"], first: 3 } },
    );
    const operator = anOperator();
    const request = aRequest({
      url: service.url,
      completion: "poll",
      statusUrl: `${service.url}/jobs/{{jobId}}`,
    });
    const { jobId } = await operator.submit(request, untroubled());
    expect(await operator.logs!(jobId, request, look(4))).toEqual({ lines: ["b"], first: 4 });
  });

  it("holds no secret that the service repeats, in an answer or in a callback", async () => {
    const service = await startService(({ method }) =>
      method === "POST" ? { jobId: "42" } : { state: "RUNNING", log: "token t0psecret!" },
    );
    const operator = anOperator({
      secrets: { orders: ORDERS_KEY, token: { value: "t0psecret!", use: "bearer", hosts: ["127.0.0.1"] } },
      callbacks: { secrets: ["orders"] },
    });
    const request = aRequest({
      url: service.url,
      completion: "callback",
      secretRef: "orders",
      auth: { secretRef: "token" },
      statusUrl: `${service.url}/jobs/{{jobId}}`,
    });
    const { jobId } = await operator.submit(request, untroubled());
    expect((await operator.logs!(jobId, request, look(0))).lines).toEqual(["token [redacted]"]);
    const { idempotencyKey } = request;
    await operator.handleCallback(
      aCallback({ idempotencyKey, jobId: "42", state: "FAILED", log: "t0psecret!" }),
    );
    const { log } = await operator.wait(jobId, request, untroubled());
    expect(log!.lines).toEqual(["[redacted]"]);
    expect((await operator.logs!(jobId, request, look(0))).lines).toEqual(["[redacted]"]);
  });
});
