import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { aRequest, untroubled } from "@tidegate/testkit";
import { aCallback } from "./bed/callbacks.js";
import { useOperators } from "./bed/operators.js";
import { type Answering, useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const KEY = `whsec_${Buffer.from("canary-canary-canary-canary-cana").toString("base64")}`;
const TOKEN = "canary/t0ken+with=odd&chars";
const LOGIN = "user:canary-passw0rd";
const CANARIES = [
  KEY,
  KEY.replace("whsec_", ""),
  TOKEN,
  encodeURIComponent(TOKEN),
  LOGIN,
  "canary-passw0rd",
  btoa(LOGIN),
];

function expectNoCanary(text: string): void {
  for (const canary of CANARIES) expect(text).not.toContain(canary);
}

/** All that a log could show of a value: message, stack, causes, fields. */
function everything(value: unknown): string {
  return `${inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true })} ${JSON.stringify(value)}`;
}

/** All that was sent back, in every way that a service could say it. */
const ECHOES: Record<string, Answering> = {
  "in a failure": ({ headers }) => ({
    state: "FAILED",
    error: { code: "ECHO", message: JSON.stringify(headers) },
  }),
  "in a code": ({ headers }) => ({ state: "FAILED", error: { code: String(headers.authorization) } }),
  "in a refusal": ({ headers }, reply) =>
    reply.code(422).send({ error: { message: JSON.stringify(headers) } }),
  "in an unknown refusal": ({ headers }, reply) => reply.code(500).send(JSON.stringify(headers)),
  "in the id": ({ headers }) => ({ jobId: String(headers.authorization).split(" ")[1], state: "SUCCEEDED" }),
  "in the address": ({ headers }) => ({
    state: "SUCCEEDED",
    address: `https://a.example/?q=${encodeURIComponent(String(headers.authorization).split(" ")[1]!)}`,
  }),
  "in the status address": ({ headers }) => ({
    jobId: "1",
    statusUrl: `/${String(headers.authorization).split(" ")[1]}`,
  }),
  "in the location": ({ headers }, reply) => {
    reply.header("location", `/${encodeURIComponent(String(headers.authorization).split(" ")[1]!)}`);
    return { jobId: "1" };
  },
  "in a redirect": ({ headers }, reply) => reply.redirect(`/?${String(headers.authorization).split(" ")[1]}`),
  "in escapes": ({ headers }, reply) =>
    reply
      .type("application/json")
      .send(
        `{"state":"FAILED","error":{"message":"${[...String(headers.authorization)]
          .map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)
          .join("")}"}}`,
      ),
  "in something that is not JSON": ({ headers }) => JSON.stringify(headers).slice(1),
};

const AUTHS: Record<string, JsonObject> = {
  bearer: { secretRef: "token" },
  basic: { secretRef: "login", scheme: "Basic" },
};

describe("a secret", () => {
  const secrets = { key: KEY, token: TOKEN, login: async () => LOGIN };

  describe.each(Object.keys(AUTHS))("sent as %s", (kind) => {
    it.each(Object.keys(ECHOES))("does not come back from a service that echoes it %s", async (where) => {
      const service = await startService(ECHOES[where]!);
      const operator = anOperator({ secrets, unreachableMs: 0 });
      const request = aRequest({
        url: service.url,
        completion: "poll",
        secretRef: "key",
        auth: AUTHS[kind]!,
      });
      const result: unknown = await operator.submit(request, untroubled()).catch((error: unknown) => error);
      expect(service.received[0]?.headers.authorization).toBeDefined();
      expectNoCanary(everything(result));
      const jobId = (result as { jobId?: string }).jobId;
      if (jobId === undefined) return;
      expectNoCanary(
        everything(await operator.wait(jobId, request, untroubled()).catch((error: unknown) => error)),
      );
    });
  });

  it("does not come back from a service that echoes it without speaking HTTP", async () => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.once("data", (data) => socket.end(data));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const operator = anOperator({ secrets });
    const request = aRequest({ url, completion: "response", secretRef: "key", auth: { secretRef: "token" } });
    expectNoCanary(everything(await operator.submit(request, untroubled()).catch((error: unknown) => error)));
  });

  it("does not come back in a callback, though this process has not read it yet", async () => {
    const operator = anOperator({ secrets, callbacks: { secrets: ["key"] } });
    const request = aRequest({
      url: "http://127.0.0.1:9/",
      completion: "callback",
      secretRef: "key",
      auth: { secretRef: "token" },
    });
    const { idempotencyKey } = request;
    const error = { code: "ECHO", message: `token ${TOKEN} and ${KEY}` };
    const callback = aCallback({ idempotencyKey, jobId: TOKEN, state: "FAILED", error }, { key: KEY });
    await operator.handleCallback(callback);
    const found = await operator.find(idempotencyKey, request);
    expect(found).toMatchObject({ outcome: { error: { message: "token [redacted] and [redacted]" } } });
    expectNoCanary(everything(found));
    expectNoCanary(everything(await operator.wait(idempotencyKey, request, untroubled())));
  });

  it("does not show where it is malformed or cannot be read", async () => {
    const fails = () => Promise.reject(Object.assign(new Error(`denied for ${TOKEN}`), { code: "EVAULT" }));
    const operator = anOperator({ secrets: { key: TOKEN, fails, odd: `${TOKEN}\r\nx: y` } });
    for (const refs of [
      { secretRef: "key" },
      { auth: { secretRef: "fails" } },
      { auth: { secretRef: "odd" } },
    ]) {
      const request = aRequest({ url: "http://127.0.0.1:9/", completion: "response", ...refs });
      const error = await operator.submit(request, untroubled()).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "OperatorError", code: "CONFIGURATION_INVALID" });
      expectNoCanary(everything(error));
    }
  });

  it("does not show in the operator itself", () => {
    expectNoCanary(everything(anOperator({ secrets, callbacks: { secrets: ["key"] } })));
  });

  it("does not show in the refusal of a job that holds it", () => {
    const job = {
      url: "http://127.0.0.1:9/",
      completion: "poll",
      headers: { Authorization: `Bearer ${TOKEN}` },
    };
    const refusals = [
      job,
      { ...job, headers: {}, secretRef: KEY },
      { ...job, headers: {}, url: `http://${LOGIN}@a.b/` },
    ];
    for (const refused of refusals) {
      expect(() => anOperator().validate(refused)).toThrow(
        expect.objectContaining({ code: "JOB_INVALID", message: expect.not.stringContaining("canary") }),
      );
    }
  });
});
