import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { aRequest, untroubled } from "@tidegate/testkit";
import type { BoundSecret, HttpJobAuth, Secret } from "../src/index.js";
import { ORDERS_KEY, rejectionOf, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

const TOKEN = "t0ken-value";
const JOBS = "https://jobs.example.com/";
const OTHER = "https://other.example.com/";

/** Jobs may call two hosts, and name these secrets. */
const ALLOW_BOTH = {
  allow: ["jobs.example.com", "other.example.com"],
  allowHttp: false,
  secrets: {
    orders: ORDERS_KEY,
    signer: { value: ORDERS_KEY, use: "signing", hosts: ["jobs.example.com"] },
    plain: TOKEN,
    token: { value: TOKEN, use: "bearer", hosts: ["jobs.example.com:443"] },
    login: { value: "user:passw0rd", use: "basic", hosts: ["jobs.example.com"] },
    "api-key": { value: TOKEN, use: "header", hosts: ["jobs.example.com"] },
  },
} satisfies Parameters<typeof anOperator>[0];

function refusalOf(job: Record<string, string | HttpJobAuth>, options = ALLOW_BOTH) {
  try {
    anOperator(options).validate({ completion: "response", ...job });
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a secret that is bound", () => {
  it.each<[string, HttpJobAuth]>([
    ["bearer", { secretRef: "token" }],
    ["bearer", { secretRef: "token", scheme: "Bearer" }],
    ["basic", { secretRef: "login", scheme: "Basic" }],
    ["header", { secretRef: "api-key", header: "X-Api-Key" }],
  ])("goes to its host for its use: %s %j", (_, auth) => {
    expect(refusalOf({ url: JOBS, auth })).toBeUndefined();
  });

  it.each<HttpJobAuth>([
    { secretRef: "token", scheme: "Basic" },
    { secretRef: "token", header: "X-Debug" },
    { secretRef: "login" },
    { secretRef: "api-key" },
    { secretRef: "signer" },
    { secretRef: "signer", header: "X-Debug" },
  ])("is not used for anything else: %j", (auth) => {
    expect(refusalOf({ url: JOBS, auth })).toMatchObject({
      name: "OperatorError",
      code: "SECRET_NOT_ALLOWED",
      field: "job.auth.secretRef",
    });
  });

  it("does not sign unless it is for signing", () => {
    expect(refusalOf({ url: JOBS, secretRef: "token" })).toMatchObject({
      code: "SECRET_NOT_ALLOWED",
      field: "job.secretRef",
    });
  });

  it.each(["url", "statusUrl", "findUrl", "cancelUrl"])("does not go to another host by job.%s", (field) => {
    const elsewhere = { url: JOBS, [field]: OTHER };
    for (const job of [{ auth: { secretRef: "token" } }, { secretRef: "signer" }]) {
      expect(refusalOf({ url: JOBS, ...job })).toBeUndefined();
      expect(refusalOf({ ...elsewhere, ...job })).toMatchObject({
        code: "SECRET_NOT_ALLOWED",
        message: expect.stringContaining("other.example.com"),
      });
    }
  });

  it("does not go to another port, if it is bound to one", () => {
    const job = { url: "https://jobs.example.com:8443/", auth: { secretRef: "token" } };
    expect(refusalOf(job)).toMatchObject({ code: "SECRET_NOT_ALLOWED" });
  });

  it("goes to the one host that jobs may call, if it names none", () => {
    const options = { ...ALLOW_BOTH, allow: ["jobs.example.com"] };
    const secrets = { token: { value: TOKEN, use: "bearer" as const } };
    const operator = anOperator({ ...options, secrets });
    expect(() =>
      operator.validate({ url: JOBS, completion: "response", auth: { secretRef: "token" } }),
    ).not.toThrow();
  });

  it("is not sent when a job is submitted that was registered under other options", async () => {
    const service = await startService(() => ({}));
    const secrets: Record<string, Secret | BoundSecret> = {
      token: { value: TOKEN, use: "bearer", hosts: ["jobs.example.com"] },
    };
    const request = aRequest({ url: service.url, completion: "response", auth: { secretRef: "token" } });
    const error = await rejectionOf(anOperator({ secrets }).submit(request, untroubled()));
    expect(error).toMatchObject({ code: "SECRET_NOT_ALLOWED" });
    expect(service.connections()).toBe(0);
  });
});

describe("a plain secret", () => {
  it("signs for any host that may be called: its key stays here", () => {
    expect(refusalOf({ url: JOBS, statusUrl: OTHER, secretRef: "orders" })).toBeUndefined();
  });

  it("is not sent where jobs may call several hosts", () => {
    expect(refusalOf({ url: JOBS, auth: { secretRef: "plain" } })).toMatchObject({
      code: "SECRET_NOT_ALLOWED",
      field: "job.auth.secretRef",
      message: expect.stringContaining("{ value, use, hosts }"),
    });
  });

  it.each<[string, HttpJobAuth, string]>([
    ["in full view", { secretRef: "orders" }, ORDERS_KEY],
    ["in a header", { secretRef: "orders", header: "X-Debug" }, ORDERS_KEY],
    ["while it is rotated", { secretRef: "orders", scheme: "Basic" }, `${ORDERS_KEY} ${ORDERS_KEY}`],
  ])("is not sent if it is a signing key: %s", async (_, auth, key) => {
    const service = await startService(() => ({}));
    for (const orders of [key, async () => key]) {
      const operator = anOperator({ secrets: { orders } });
      const request = aRequest({ url: service.url, completion: "response", auth });
      const error = await rejectionOf(operator.submit(request, untroubled()));
      expect(error).toMatchObject({ code: "SECRET_NOT_ALLOWED", field: "job.auth.secretRef" });
    }
    expect(service.connections()).toBe(0);
  });
});

describe("a secret's place", () => {
  const NAME = "TIDEGATE_TEST_TOKEN";
  let directory: string | undefined;
  afterEach(async () => {
    delete process.env[NAME];
    if (directory !== undefined) await rm(directory, { recursive: true });
    directory = undefined;
  });

  async function sentWith(secret: Secret | BoundSecret): Promise<string | undefined> {
    const service = await startService(() => ({}));
    const request = aRequest({ url: service.url, completion: "response", auth: { secretRef: "token" } });
    await anOperator({ secrets: { token: secret } }).submit(request, untroubled());
    return service.received[0]?.headers.authorization;
  }

  it("may be the environment", async () => {
    process.env[NAME] = TOKEN;
    expect(await sentWith({ env: NAME, use: "bearer" })).toBe(`Bearer ${TOKEN}`);
  });

  it("may be a file, whose last line may end", async () => {
    directory = await mkdtemp(join(tmpdir(), "tidegate-"));
    const file = join(directory, "token");
    await writeFile(file, `${TOKEN}\n`);
    expect(await sentWith({ file, use: "bearer" })).toBe(`Bearer ${TOKEN}`);
  });

  it("may be a function", async () => {
    expect(await sentWith({ value: async () => TOKEN, use: "bearer" })).toBe(`Bearer ${TOKEN}`);
  });

  it.each<Secret | BoundSecret>([
    { env: NAME, use: "bearer" },
    { file: "/nowhere/token", use: "bearer" },
  ])("is a configuration's mistake if nothing is there: %j", async (secret) => {
    expect(await rejectionOf(sentWith(secret))).toMatchObject({ code: "CONFIGURATION_INVALID" });
  });
});
