import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "@jest/globals";
import { clientTypes } from "@tidegate/test-clients";
import createClient from "openapi-fetch";
import { contractOf } from "./bed/contract.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();
const PACKAGE = dirname(createRequire(import.meta.url).resolve("@tidegate/manager/package.json"));
const CACHE = join(PACKAGE, "node_modules", ".cache");

/** A program that uses the generated types as a person would, and that must not compile if they were loose. */
const USAGE = `
import createClient from "openapi-fetch";
import type { components, paths } from "./manager.js";

type Run = components["schemas"]["Run"];
type ErrorBody = components["schemas"]["Error"];

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8080" });

export async function failedRuns(groupId: string): Promise<readonly Run[]> {
  const { data, error } = await client.GET("/runs", {
    params: { query: { groupId, state: ["FAILED", "CANCELLED"], limit: 10, order: "ascending" } },
  });
  if (error !== undefined) {
    const body: ErrorBody = error;
    throw new Error(body.error.code + (body.error.field ?? ""));
  }
  const next: string | undefined = data.next;
  return next === undefined ? data.items : [];
}

export async function put(): Promise<number> {
  const { data } = await client.PUT("/schedules/{groupId}", {
    params: { path: { groupId: "orders" } },
    body: { trigger: { type: "cron", expression: "0 2 * * *" }, startTime: "2026-01-01T00:00:00Z", endTime: null },
  });
  const schedule: components["schemas"]["Schedule"] | undefined = data?.schedule;
  if (schedule === undefined) return 0;
  // What was read can be put again.
  await client.PUT("/schedules/{groupId}", { params: { path: { groupId: "orders" } }, body: schedule.spec });
  await client.POST("/schedules/{groupId}/pause", { params: { path: { groupId: "orders" } } });
  const { data: planned } = await client.POST("/schedules/{groupId}/trigger", {
    params: { path: { groupId: "orders" } },
    body: { lower: 0, upper: "2026-01-01T00:00:00Z" },
  });
  return planned?.map(({ id, lower }) => id.length + lower).length ?? 0;
}

export async function refused(): Promise<void> {
  // @ts-expect-error there is no such state
  await client.GET("/runs", { params: { query: { state: ["LOST"] } } });
  // @ts-expect-error a trigger is needed
  await client.PUT("/schedules/{groupId}", { params: { path: { groupId: "orders" } }, body: {} });
  // @ts-expect-error there is no such path
  await client.GET("/nowhere");
  const { data } = await client.GET("/runs/{id}", { params: { path: { id: "x" } } });
  // @ts-expect-error there is no such field
  data?.colour;
}
`;

describe("a client generated from the OpenAPI document", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  it("has types that a strict program compiles with", async () => {
    const { document } = await contractOf(await aManager());
    mkdirSync(CACHE, { recursive: true });
    const folder = mkdtempSync(join(CACHE, "typed-client-"));
    folders.push(folder);
    writeFileSync(join(folder, "manager.ts"), await clientTypes(document));
    writeFileSync(join(folder, "usage.ts"), USAGE);
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      target: "es2023",
      lib: ["es2023", "dom", "dom.iterable"],
      types: [],
      module: "nodenext",
      noEmit: true,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["usage.ts"] }));
    const tsc = join(
      dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
      "bin",
      "tsc",
    );
    const compiled = await promisify(execFile)(process.execPath, [tsc, "-p", folder]).catch(
      (error: { stdout: string }) => ({ stdout: error.stdout }),
    );
    expect(compiled.stdout).toBe("");
  });

  it("sends what the manager reads: filters that are repeated, instants, empty bodies", async () => {
    const { url } = await aManager();
    type Answer = { data?: never; error?: never; response: Response };
    const client = createClient<Record<string, never>>({ baseUrl: url }) as unknown as Record<
      "GET" | "PUT" | "POST",
      (path: string, init?: object) => Promise<Answer>
    >;
    const path = { groupId: "orders" };
    const put = await client.PUT("/schedules/{groupId}", { params: { path }, body: minutes(2) });
    expect(put.response.status).toBe(200);
    const pause = await client.POST("/schedules/{groupId}/pause", { params: { path } });
    expect(pause.response.status).toBe(200);
    const query = { status: ["PAUSED", "FAILED"], limit: 5 };
    const listed = await client.GET("/schedules", { params: { query } });
    expect(listed).toMatchObject({ data: { items: [{ spec: { groupId: "orders" } }] } });
  });
});
