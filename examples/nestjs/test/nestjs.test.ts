import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { AuditReport } from "@tidegate/core";
import { until } from "@tidegate/testkit";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

let directory: string;
let application: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-nestjs-"));
});

afterEach(() => {
  application?.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
});

/** Starts the application; returns its address. */
async function start(adapter: "express" | "fastify"): Promise<string> {
  const env = {
    ...process.env,
    NODE_OPTIONS: "",
    ADAPTER: adapter,
    PORT: "0",
    DATABASE: join(directory, "tidegate.db"),
  };
  application = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "inherit"] });
  const [url] = await once(createInterface(application.stdout!), "line");
  return url as string;
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

describe.each(["fastify", "express"] as const)("a Nest application on %s", (adapter) => {
  it("runs its own provider for each interval, and asks the client that Nest injects", async () => {
    const url = await start(adapter);
    await until(async () => (await get<{ intervals: number }>(`${url}/orders`)).intervals >= 2, {
      what: "two intervals",
    });
    const audit = await get<AuditReport>(`${url}/orders/audit/orders`);
    expect(audit).toMatchObject({ groupId: "orders", isSound: true });
    expect(audit.succeeded.intervals).toBeGreaterThanOrEqual(1);
    application!.kill("SIGTERM");
    expect(await once(application!, "exit")).toEqual([null, "SIGTERM"]);
  });
});

describe("a Nest application on fastify", () => {
  it("has Tidegate's REST interface among its own routes", async () => {
    const url = await start("fastify");
    const { items } = await get<{ items: { spec: { groupId: string } }[] }>(`${url}/tidegate/schedules`);
    expect(items.map(({ spec }) => spec.groupId)).toEqual(["orders"]);
  });
});
