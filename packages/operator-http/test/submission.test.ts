import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "@tidegate/core/testing";
import { aRequest, untroubled } from "@tidegate/testkit";
import { Webhook } from "standardwebhooks";
import { ORDERS_KEY, OTHER_KEY, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

describe("submission", () => {
  it("posts the request as JSON, InLong's four fields first", async () => {
    const service = await startService(() => ({}));
    const request = aRequest({
      url: `${service.url}/jobs`,
      completion: "response",
      payload: { table: "orders" },
    });
    await anOperator().submit(request, untroubled());
    const [{ method, path, headers, body }] = service.received as [(typeof service.received)[0]];
    expect([method, path, headers["content-type"]]).toEqual(["POST", "/jobs", "application/json"]);
    const { boundaryType, lowerBound, upperBound, ...rest } = request;
    expect(JSON.parse(body.toString())).toEqual({
      ...rest,
      boundaryType: "time",
      lowerBoundary: lowerBound,
      upperBoundary: upperBound,
    });
    expect(Object.keys(JSON.parse(body.toString()))).toEqual([
      "groupId",
      "boundaryType",
      "lowerBoundary",
      "upperBoundary",
      "runId",
      "idempotencyKey",
      "attempt",
      "scheduledTime",
      "kind",
      "mode",
      "job",
    ]);
  });

  it("says the positions of a run by partition, and the time that it stands for", async () => {
    const service = await startService(() => ({}));
    const offsets = {
      boundaryType: "OFFSET",
      lowerBound: '{"0":"3"}',
      upperBound: '{"0":"9"}',
      sourceIncarnation: "first",
      interval: { lower: 0, upper: 60_000 },
    } as const;
    await anOperator().submit(aRequest({ url: service.url, completion: "response" }, offsets), untroubled());
    expect(JSON.parse(service.received[0]!.body.toString())).toMatchObject({
      boundaryType: "offset",
      lowerBoundary: '{"0":"3"}',
      upperBoundary: '{"0":"9"}',
      sourceIncarnation: "first",
      interval: { lower: 0, upper: 60_000 },
    });
  });

  it("says of a run that reads everything that its interval has no beginning", async () => {
    const service = await startService(() => ({}));
    const request = aRequest(
      { url: service.url, completion: "response" },
      { mode: "full", lowerBound: "beginning" },
    );
    await anOperator().submit(request, untroubled());
    expect(JSON.parse(service.received[0]!.body.toString())).toMatchObject({
      boundaryType: "time",
      lowerBoundary: "beginning",
      upperBoundary: request.upperBound,
    });
  });

  it("signs the bytes that it sends, as Standard Webhooks verifies them", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator({ secrets: { orders: ORDERS_KEY } });
    const job = {
      url: service.url,
      completion: "response",
      secretRef: "orders",
      payload: { città: "Zürich 🚢" },
    };
    await operator.submit(aRequest(job), untroubled());
    const { body, headers } = service.received[0]!;
    const verify = (bytes: Buffer) =>
      new Webhook(ORDERS_KEY).verify(bytes, headers as Record<string, string>);
    expect(verify(body)).toMatchObject({ groupId: "orders" });
    expect(() => verify(Buffer.concat([body, Buffer.from(" ")]))).toThrow();
    expect(headers["webhook-id"]).toBe(aRequest({}).idempotencyKey);
  });

  it("signs with both keys while a secret is rotated", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator({ secrets: { orders: `${OTHER_KEY} ${ORDERS_KEY}` } });
    await operator.submit(
      aRequest({ url: service.url, completion: "response", secretRef: "orders" }),
      untroubled(),
    );
    const { body, headers } = service.received[0]!;
    for (const key of [ORDERS_KEY, OTHER_KEY]) {
      expect(() => new Webhook(key).verify(body, headers as Record<string, string>)).not.toThrow();
    }
  });

  it("takes the time of the signature from its clock", async () => {
    const service = await startService(() => ({}));
    const clock = new VirtualClock({ start: Date.UTC(2031, 4, 6) });
    const operator = anOperator({ clock, secrets: { orders: ORDERS_KEY } });
    await operator.submit(
      aRequest({ url: service.url, completion: "response", secretRef: "orders" }),
      untroubled(),
    );
    expect(service.received[0]?.headers["webhook-timestamp"]).toBe(String(Date.UTC(2031, 4, 6) / 1_000));
  });

  it("gives every attempt of a run the same key and message id", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator({ secrets: { orders: ORDERS_KEY } });
    const job = { url: service.url, completion: "response", secretRef: "orders" };
    await operator.submit(aRequest(job), untroubled());
    await operator.submit(aRequest(job, { attempt: 2 }), untroubled());
    const ids = service.received.map(({ headers }) => [headers["idempotency-key"], headers["webhook-id"]]);
    const key = aRequest(job).idempotencyKey;
    expect(ids).toEqual([
      [key, key],
      [key, key],
    ]);
  });

  it("does not sign where the job names no secret", async () => {
    const service = await startService(() => ({}));
    await anOperator().submit(aRequest({ url: service.url, completion: "response" }), untroubled());
    expect(Object.keys(service.received[0]!.headers).filter((name) => name.startsWith("webhook"))).toEqual(
      [],
    );
  });

  it.each([
    [{ secretRef: "token" }, "authorization", "Bearer t0ken-value"],
    [{ secretRef: "login", scheme: "Basic" }, "authorization", `Basic ${btoa("user:passw0rd")}`],
    [{ secretRef: "token", header: "X-Api-Key" }, "x-api-key", "t0ken-value"],
  ])("sends the credential that %j names", async (auth, header, value) => {
    const service = await startService(() => ({}));
    const operator = anOperator({ secrets: { token: async () => "t0ken-value", login: "user:passw0rd" } });
    await operator.submit(aRequest({ url: service.url, completion: "response", auth }), untroubled());
    expect(service.received[0]?.headers[header]).toBe(value);
  });

  it("reads a secret anew for each request", async () => {
    const service = await startService(() => ({}));
    const tokens = ["first-token", "second-token"];
    const operator = anOperator({ secrets: { token: () => tokens.shift()! } });
    const request = aRequest({ url: service.url, completion: "response", auth: { secretRef: "token" } });
    await operator.submit(request, untroubled());
    await operator.submit(request, untroubled());
    expect(service.received.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer first-token",
      "Bearer second-token",
    ]);
  });

  it("sends the job's headers and method, but keeps its own names to itself", async () => {
    const service = await startService(() => ({}));
    const job = { url: service.url, method: "PUT", completion: "response", headers: { "X-Tenant": "north" } };
    await anOperator().submit(aRequest(job), untroubled());
    expect(service.received[0]).toMatchObject({ method: "PUT", headers: { "x-tenant": "north" } });
  });

  it("uses a connection of its own for each request", async () => {
    const service = await startService(() => ({}));
    const operator = anOperator();
    const request = aRequest({ url: service.url, completion: "response" });
    await operator.submit(request, untroubled());
    await operator.submit(request, untroubled());
    expect(service.connections()).toBe(2);
  });
});
