import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Door, SECRET } from "@tidegate/test-outside";
import { webhookFault, webhookKeys } from "@tidegate/webhook";
import { type Definition, encoded } from "../src/definition.js";

const PYTHON = fileURLToPath(new URL("../python/tidegate_fire.py", import.meta.url));
const TICK = Date.UTC(2026, 0, 7, 5, 0, 0);
const FOR_GOOD = 137;

let door: Door;
let folder: string;
let secretFile: string;

beforeEach(async () => {
  door = await Door.open("dolphinscheduler");
  folder = mkdtempSync(join(tmpdir(), "tidegate-template-"));
  secretFile = join(folder, "secret");
  writeFileSync(secretFile, `${SECRET}\n`);
});

afterEach(async () => {
  await door.close();
  rmSync(folder, { recursive: true });
});

function definition(changes: Partial<Definition> = {}): Definition {
  return {
    groupId: "orders",
    version: 1,
    workflow: "tidegate.main.orders.0",
    callbackUrl: door.url,
    secretFile,
    wait: false,
    crontab: "0 0 * * * ? *",
    timezone: "UTC",
    startMs: TICK - 3_600_000,
    endMs: null,
    lastMs: null,
    offsetMs: 0,
    waitMs: 0,
    period: null,
    instants: [],
    ...changes,
  };
}

/** What a worker does with the task. */
function run(
  changes: Partial<Definition> = {},
  tick = `${TICK / 1_000}`,
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    execFile("python3", ["-I", "-S", PYTHON, encoded(definition(changes)), tick], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
    });
  });
}

describe("the task's template", () => {
  it("posts the nominal time, signed", async () => {
    expect(await run()).toMatchObject({ code: 0 });
    const [knock] = door.knocks;
    expect(JSON.parse(knock!.body)).toEqual({ groupId: "orders", scheduledTime: TICK });
    expect(knock!.headers["webhook-id"]).toEqual([`tidegate.main.orders.0:${TICK}`]);
    const request = { headers: knock!.headers, rawBody: Buffer.from(knock!.body) };
    expect(
      webhookFault(webhookKeys(SECRET)!, request, { now: Date.now(), toleranceMs: 300_000 }),
    ).toBeUndefined();
  });

  it("signs with both keys while a secret is rotated", async () => {
    writeFileSync(secretFile, `whsec_${Buffer.alloc(32, 1).toString("base64")}\n${SECRET}\n`);
    await run();
    const { headers, body } = door.knocks[0]!;
    const request = { headers, rawBody: Buffer.from(body) };
    expect(
      webhookFault(webhookKeys(SECRET)!, request, { now: Date.now(), toleranceMs: 300_000 }),
    ).toBeUndefined();
    expect(headers["webhook-signature"]![0]!.split(" ")).toHaveLength(2);
  });

  it.each<[string, Partial<Definition>, number]>([
    [
      "a period",
      { period: { anchorMs: 0, everyMs: 7_000, tickMs: 1_000 }, offsetMs: 1_500 },
      Math.floor((TICK - 1_500) / 7_000) * 7_000,
    ],
    ["the times that it was told", { instants: [TICK - 9_000, TICK - 2_000, TICK + 1_000] }, TICK - 2_000],
    ["the last time", { lastMs: TICK - 5_000 }, TICK - 5_000],
  ])("finds the nominal time of a finer tick by %s", async (_by, changes, scheduledTime) => {
    await run(changes);
    expect(door.fires).toEqual([{ groupId: "orders", scheduledTime }]);
  });

  it.each([
    ["before", { startMs: TICK + 1_000 }],
    ["after", { endMs: TICK - 1_000 }],
  ])("fires nothing for a tick %s the schedule's time", async (_when, changes) => {
    expect(await run(changes)).toMatchObject({ code: 0 });
    expect(door.knocks).toEqual([]);
  });

  it.each([400, 401, 404, 413, 422])("fails for good when the door answers %d", async (status) => {
    door.answer = () => ({ status, body: {} });
    const { code, said } = await run();
    expect({ code, said }).toEqual({ code: FOR_GOOD, said: `The callback door answered ${status}.\n` });
    expect(door.knocks).toHaveLength(1);
  });

  it("knocks again where the door may take it later, and then fails", async () => {
    const statuses = [302, 409, 425];
    const location = "http://127.0.0.1:1/";
    door.answer = () => ({
      status: statuses[door.knocks.length - 1] ?? 202,
      body: {},
      headers: { location },
    });
    expect(await run()).toMatchObject({ code: 0 });
    expect(door.knocks).toHaveLength(4);
    door.answer = () => ({ status: 503, body: {} });
    expect(await run()).toMatchObject({ code: 1 });
    expect(door.knocks).toHaveLength(8);
  });

  it("is done where the ledger plans the interval later", async () => {
    door.answer = () => ({ status: 503, body: { error: { code: "INTERVAL_DEFERRED", message: "later" } } });
    expect(await run()).toMatchObject({ code: 0 });
    expect(door.knocks).toHaveLength(1);
  });

  it.each<[string, number]>([
    ["SUCCEEDED", 0],
    ["FAILED", FOR_GOOD],
    ["CANCELLED", FOR_GOOD],
    ["SKIPPED", FOR_GOOD],
  ])("waits for a run that ends %s", async (state, code) => {
    door.answer = () => ({
      status: 202,
      body: { runId: "1", statusUrl: "/runs/1?key=k%2Bv", duplicate: false },
    });
    const asked: string[] = [];
    door.status = (path) => {
      asked.push(path);
      return asked.length < 3 ? { state: "RUNNING", isEnded: false } : { state, isEnded: true };
    };
    expect(await run({ wait: true })).toMatchObject({ code });
    expect(asked).toEqual(Array(3).fill("/runs/1?key=k%2Bv&waitMs=30000"));
  });

  it("does not ask another host for a state", async () => {
    door.answer = () => ({ status: 202, body: { statusUrl: "http://127.0.0.2:9/runs/1" } });
    expect(await run({ wait: true })).toMatchObject({ code: FOR_GOOD });
  });

  it("says what is wrong with the secret file, and not what is in it", async () => {
    const missing = await run({ secretFile: "/nowhere/secret" });
    expect(missing).toEqual({
      code: 1,
      said: expect.stringContaining('"/nowhere/secret" is missing on this worker'),
    });
    for (const text of ["secret-word", `${SECRET} secret-word`]) {
      writeFileSync(secretFile, text);
      const { code, said } = await run();
      expect(code).toBe(1);
      expect(said).toContain("does not hold whsec_ and base64");
      expect(said).not.toContain("secret-word");
    }
    expect(door.knocks).toEqual([]);
  });

  it("says so where DolphinScheduler told no time", async () => {
    const { code, said } = await run({}, "$[timestamp(yyyyMMddHHmmss)]");
    expect({ code, said }).toEqual({
      code: FOR_GOOD,
      said: "DolphinScheduler did not tell the scheduled time.\n",
    });
  });
});
