import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createTidegate, type Tidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { createManager, type Manager, outsideEngine } from "@tidegate/manager";
import { countingOperator } from "@tidegate/testkit";
import { type CoverageTaskOptions, coverageTask } from "../src/index.js";

const TOKEN = "a-token-of-the-tests";
const T0 = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const RETRIED = 1;
const FOR_GOOD = 137;

describe("coverageTask", () => {
  let tidegate: Tidegate;
  let manager: Manager;
  let folder: string;
  let managerFile: string;
  let url: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "tidegate-coverage-"));
    managerFile = join(folder, "manager.json");
    tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [outsideEngine("dolphinscheduler")],
      operators: [countingOperator()],
    });
    manager = createManager({ tidegate, authorize: { token: TOKEN }, logger: false });
    url = await manager.listen();
    writeFileSync(managerFile, JSON.stringify({ url, token: TOKEN }));
    await tidegate.client.registerSource({ groupId: "deliveries", startTime: T0 });
  });

  afterEach(async () => {
    await manager.close();
    rmSync(folder, { recursive: true });
  });

  /** What a worker does with the task, whose bounds are two hours; what is filled in is filled in. */
  function run(changes: Partial<CoverageTaskOptions> = {}): Promise<{ code: number; said: string }> {
    const options = { groupId: "deliveries", lower: "yyyyMMddHHmmss-2/24", managerFile, askSeconds: 1 };
    const { taskParams } = coverageTask({ ...options, ...changes });
    const bounds: Record<string, string> = {
      lower: `${T0 / 1_000}`,
      upper: `${(T0 + 2 * HOUR) / 1_000}`,
    };
    const script = taskParams.localParams.reduce(
      (text, { prop, value }) => text.replace(`\${${prop}}`, bounds[prop] ?? value),
      taskParams.rawScript,
    );
    return new Promise((resolve) => {
      execFile("sh", ["-c", script], (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
      });
    });
  }

  it("succeeds as soon as all of the interval is covered, also while it asks", async () => {
    const waiting = run({ askSeconds: 60 });
    await tidegate.client.reportCoverage("deliveries", { lower: T0, upper: T0 + HOUR });
    await tidegate.client.reportCoverage("deliveries", { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    expect(await waiting).toEqual({
      code: 0,
      said: "The group covers [2026-01-01T00:00:00Z, 2026-01-01T02:00:00Z).\n",
    });
  });

  it("leaves its thread while something is missing, and says what", async () => {
    await tidegate.client.reportCoverage("deliveries", { lower: T0, upper: T0 + HOUR });
    expect(await run()).toEqual({
      code: RETRIED,
      said: "The group does not cover [2026-01-01T01:00:00Z, 2026-01-01T02:00:00Z) yet.\n",
    });
  });

  it.each<[string, Partial<CoverageTaskOptions>, object, number, string]>([
    ["a group that is unknown", { groupId: "nobody" }, {}, FOR_GOOD, "The manager answered 404."],
    ["a token that is wrong", {}, { token: "another-token" }, FOR_GOOD, "The manager answered 401."],
    ["a manager that is away", {}, { url: "http://127.0.0.1:9" }, RETRIED, "cannot be reached"],
    ["a file without an address", {}, { url: undefined }, RETRIED, "does not hold JSON with a url"],
    [
      "a file that is missing",
      { managerFile: "/nowhere/manager.json" },
      {},
      RETRIED,
      "is missing on this worker",
    ],
  ])("ends by %s with a reason, and without the token", async (_why, changes, file, code, reason) => {
    writeFileSync(managerFile, JSON.stringify({ url, token: TOKEN, ...file }));
    const ended = await run(changes);
    expect(ended).toEqual({ code, said: expect.stringContaining(reason) });
    expect(ended.said).not.toContain("token");
  });

  it("takes any group id as data", async () => {
    const { code, said } = await run({ groupId: `it's "both" $(id) \`id\` \${lower} 🌊\nTIDEGATE` });
    expect({ code, said }).toEqual({
      code: FOR_GOOD,
      said: expect.stringMatching(/^The manager answered 40[04]\.\n$/),
    });
  });
});

describe("the options of coverageTask", () => {
  it("is retried as long as it was told, a minute apart", () => {
    const lower = "yyyyMMddHHmmss-1";
    expect(coverageTask({ groupId: "orders", lower })).toMatchObject({
      failRetryTimes: 1_440,
      failRetryInterval: 1,
    });
    expect(coverageTask({ groupId: "orders", lower, attempts: 30 })).toMatchObject({ failRetryTimes: 30 });
  });

  it.each([
    ["groupId", { groupId: "" }],
    ["lower", { lower: `yyyyMMdd)]\${tidegate}` }],
    ["upper", { upper: "" }],
    ["managerFile", { managerFile: "manager.json" }],
    ["askSeconds", { askSeconds: 0 }],
    ["attempts", { attempts: 20_000 }],
  ])("refuses a wrong %s", (field, wrong) => {
    expect(() => coverageTask({ groupId: "orders", lower: "yyyyMMddHHmmss-1", ...wrong })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});
