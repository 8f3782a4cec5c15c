import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { hasCode, isTidegateError, type Run, type ScheduleInfo } from "@tidegate/core";
import { ManagerClient, ManagerError } from "../src/index.js";
import { type Running, startManager, TOKEN } from "./support/manager.js";

const HOUR = 3_600_000;
const BEGIN = Date.parse("2026-01-01T00:00:00Z");

/** Four hours in the past, which are owed at once. */
function hours(groupId: string, overrides: Partial<ScheduleInfo> = {}): ScheduleInfo {
  return {
    groupId,
    trigger: { type: "period", every: 1, unit: "hour" },
    startTime: new Date(BEGIN),
    endTime: BEGIN + 4 * HOUR,
    job: { function: "load" },
    maxAttempts: 1,
    ...overrides,
  };
}

describe("a client of a manager", () => {
  let manager: Running;
  let client: ManagerClient;

  beforeAll(async () => {
    manager = await startManager();
    client = new ManagerClient({ url: `${manager.url}/`, token: async () => TOKEN });
  });
  afterAll(() => manager.close());

  const wholeOf = (groupId: string) =>
    client.coverage(groupId, { lower: BEGIN, upper: BEGIN + 4 * HOUR }, { waitMs: 30_000 });

  /** Waits for failed runs with the manager's own means: the run that blocks is retried only when it has failed. */
  async function failedRuns(groupId: string): Promise<readonly Run[]> {
    for (;;) {
      const { items } = await client.runs({ groupId, states: ["FAILED"] });
      if (items.length > 0) return items;
    }
  }

  it("registers, updates, pauses, resumes and ends a schedule", async () => {
    const info = hours("life");
    expect(await client.register(info)).toMatchObject({ schedule: { version: 1 } });
    await expect(client.register(info)).rejects.toMatchObject({ code: "SCHEDULE_EXISTS" });
    expect(await client.ensure(info)).toMatchObject({ schedule: { version: 1 } });
    const changed = { ...info, description: "changed" };
    expect(await client.update(changed, { version: 1, plannedRuns: "adopt" })).toMatchObject({
      schedule: { version: 2 },
    });
    await expect(client.update(info, { version: 1 })).rejects.toMatchObject({
      code: "SCHEDULE_VERSION_STALE",
      field: "version",
      status: 409,
    });
    await expect(client.pause("life", "why", { version: 1 })).rejects.toMatchObject({ status: 412 });
    expect(await client.pause("life", "why", { version: 2 })).toMatchObject({
      status: "PAUSED",
      statusReason: "why",
    });
    expect(await client.resume("life")).toMatchObject({ status: "REGISTERED" });
    expect(await client.get("life")).toMatchObject({ version: 2 });
    expect(await client.versions("life")).toMatchObject([{ version: 1 }, { version: 2 }]);
    expect((await client.describe("life")).versions).toHaveLength(2);
    await wholeOf("life");
    await client.unregister("life", { version: 2 });
    expect(await client.get("life")).toMatchObject({ status: "DELETED" });
    await client.unregister("life", { purge: true });
    await expect(client.get("life")).rejects.toMatchObject({ code: "SCHEDULE_NOT_FOUND", status: 404 });
  });

  it("lists with filters and pages", async () => {
    for (const name of ["a", "b", "c"]) await client.ensure(hours(`page-${name}`, { labels: { name } }));
    const first = await client.list({ groupIdPrefix: "page-" }, { limit: 2 });
    expect(first.items.map(({ spec }) => spec.groupId)).toEqual(["page-a", "page-b"]);
    const second = await client.list({ groupIdPrefix: "page-" }, { limit: 2, cursor: first.next! });
    expect(second.items.map(({ spec }) => spec.groupId)).toEqual(["page-c"]);
    expect((await client.list({ labels: { name: "b" }, statuses: ["REGISTERED"] })).items).toHaveLength(1);
    await wholeOf("page-a");
    const { items } = await client.runs({ groupId: "page-a", kinds: ["SCHEDULED"], isJobOpen: false });
    expect(items.map(({ lower }) => (lower - BEGIN) / HOUR)).toEqual([0, 1, 2, 3]);
  });

  it("previews, triggers, audits and explains", async () => {
    expect((await client.preview(hours("told"), 3)).intervals).toHaveLength(3);
    const from = new Date(BEGIN + HOUR);
    expect((await client.preview(hours("told"), 1, { from })).intervals).toMatchObject([
      { lower: BEGIN + HOUR },
    ]);
    await client.ensure(hours("told"));
    await wholeOf("told");
    expect((await client.preview("told", 3)).intervals).toEqual([]);
    const again = await client.trigger("told", { lower: BEGIN, upper: BEGIN + 2 * HOUR });
    expect(again).toMatchObject([{ generation: 1 }, { generation: 1 }]);
    expect(await client.trigger("told")).toHaveLength(1);
    expect(await client.audit("told")).toMatchObject({ isSound: true, isComplete: true });
    expect(await client.audit("told", { lower: BEGIN, upper: BEGIN + HOUR })).toMatchObject({
      range: { upper: BEGIN + HOUR },
    });
    expect(await client.explain(again[0]!.id)).toMatchObject({ run: { id: again[0]!.id } });
    expect(await client.deadlines({ groupId: "told", states: ["MISSED"] })).toEqual({ items: [] });
    expect(await client.getRun(again[0]!.id)).toMatchObject({ groupId: "told" });
    const [first] = (await client.runs({ groupId: "told", order: "ascending" })).items;
    expect(await client.logs(first!.id, { attempt: 1, after: 0 })).toMatchObject({
      lines: ["from 2026-01-01T00:00:00.000Z"],
      isFinal: true,
    });
  });

  it("retries and cancels failed runs", async () => {
    const job = { function: "load", args: { fails: true } };
    await client.ensure(hours("broken", { job, onFailure: "continue", overlap: "allow" }));
    const [run] = await failedRuns("broken");
    await client.update(hours("broken", { onFailure: "continue", overlap: "allow" }), { version: 1 });
    await client.retryRun(run!.id, { version: "latest" });
    await client.coverage("broken", run!, { waitMs: 30_000 });
    await expect(client.retryRun(run!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    const failed = new Set((await failedRuns("broken")).map(({ id }) => id));
    const retried = await client.retryRuns("broken", { version: "latest" });
    expect(retried.length).toBeGreaterThan(0);
    for (const id of failed) expect(retried).toContain(id);
    expect(await wholeOf("broken")).toMatchObject({ isCovered: true });
    await expect(client.markReady(run!.id, "why")).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
    await expect(client.cancelRun(run!.id)).rejects.toMatchObject({ code: "RUN_STATE_ILLEGAL" });
  });

  it("begins, reads and cancels backfills", async () => {
    await client.ensure(hours("past"));
    await wholeOf("past");
    const range = { groupId: "past", from: BEGIN, to: new Date(BEGIN + 2 * HOUR), select: "all" } as const;
    expect(await client.backfill({ ...range, isDryRun: true })).toMatchObject({ runs: 2 });
    await client.pause("past");
    const { backfill } = await client.backfill({ ...range, id: "again" });
    expect(await client.getBackfill("again")).toMatchObject({ id: backfill!.id, state: "RUNNING" });
    await client.cancelBackfill("again");
    expect(await client.getBackfill("again")).toMatchObject({ state: "CANCELLED" });
    expect(await client.getBackfill("other")).toBeUndefined();
  });

  it("reports and reads coverage of source groups", async () => {
    const startTime = new Date(BEGIN);
    expect(await client.registerSource({ groupId: "vendor", startTime })).toMatchObject({ status: "SOURCE" });
    const range = { lower: BEGIN, upper: BEGIN + HOUR };
    expect(await client.coverage("vendor", range)).toMatchObject({ isCovered: false, missing: [range] });
    expect(await client.reportCoverage("vendor", { ...range, version: "1" })).toMatchObject({
      changed: [range],
    });
    expect(await client.coverage("vendor", range)).toMatchObject({ isCovered: true });
  });

  it("throws errors that core's own checks know", async () => {
    const error = await client.get("nobody").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ManagerError);
    expect([isTidegateError(error), hasCode(error, "SCHEDULE_NOT_FOUND")]).toEqual([true, true]);
    const stranger = new ManagerClient({ url: manager.url, token: "not-the-right-token" });
    const refused = await stranger.get("orders").catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: "UNAUTHORIZED", status: 401 });
    expect(JSON.stringify(refused) + String(refused)).not.toContain("not-the-right-token");
    const { trigger } = hours("x");
    await expect(client.ensure({ groupId: "x", trigger, timezone: "Mars/Olympus" })).rejects.toMatchObject({
      code: "TIMEZONE_UNKNOWN",
      field: "timezone",
    });
    for (const groupId of ["..", ".", ""]) {
      // A method may throw at once or reject.
      await expect((async () => client.get(groupId))()).rejects.toMatchObject({
        code: "REQUEST_INVALID",
        field: "groupId",
      });
    }
  });
});

describe("a client without a manager", () => {
  /** Serves one answer, or none at all. */
  async function serve(answer?: { readonly status: number; readonly type: string; readonly text: string }) {
    const server = createServer((_request, response) => {
      if (answer === undefined) return;
      response.writeHead(answer.status, { "content-type": answer.type });
      response.end(answer.text);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return { url, close };
  }

  it("says that nobody is there", async () => {
    const { url, close } = await serve();
    close();
    await expect(new ManagerClient({ url }).health()).rejects.toMatchObject({
      code: "MANAGER_UNAVAILABLE",
      message: expect.stringContaining(url),
    });
  });

  it("waits no longer than it is told to, and stops when its caller does", async () => {
    const { url, close } = await serve();
    await expect(new ManagerClient({ url, timeoutMs: 20 }).health()).rejects.toMatchObject({
      code: "MANAGER_TIMED_OUT",
    });
    const stop = new AbortController();
    const asked = new ManagerClient({ url }).withSignal(stop.signal).health();
    stop.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    close();
  });

  it.each([
    [{ status: 200, type: "text/html", text: "<h1>Proxy</h1>" }],
    [{ status: 200, type: "application/json", text: "{" }],
    [{ status: 502, type: "text/html", text: "<h1>Bad Gateway</h1>" }],
    [{ status: 500, type: "application/json", text: '{"message":"another service"}' }],
    [{ status: 500, type: "application/json", text: "null" }],
  ])("says of %j that it is not a manager's answer", async (answer) => {
    const { url, close } = await serve(answer);
    await expect(new ManagerClient({ url }).get("orders")).rejects.toMatchObject({
      code: "ANSWER_UNEXPECTED",
      status: answer.status,
    });
    close();
  });

  it.each([
    "",
    "localhost:8080",
    "ftp://example.com",
    "http://me:secret@example.com",
    "http://example.com/?a=b",
  ])("refuses the address %j", (url) => {
    const refused = expect.objectContaining({ code: "REQUEST_INVALID", field: "url" });
    expect(() => new ManagerClient({ url })).toThrow(refused);
  });
});

describe("the package", () => {
  it("loads nothing that a browser does not have", () => {
    const built = new URL("../dist/", import.meta.url);
    const imports = readdirSync(built)
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) => [...readFileSync(new URL(file, built), "utf8").matchAll(/from "([^"]+)"/g)])
      .map(([, specifier]) => specifier!);
    expect(imports.length).toBeGreaterThan(3);
    expect(imports.filter((specifier) => !specifier.startsWith("./"))).toEqual([]);
  });
});
