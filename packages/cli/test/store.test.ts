import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Run } from "@tidegate/core";
import { dagFactoryFile } from "@tidegate/engine-airflow";
import { Bed, hours, RANGE } from "./bed.js";

const TOKEN = "a-token-of-the-tests";
const VIEWER = "viewer-token-of-the-tests";
const STORE = ["--store", "data/own.db"];

const bed = new Bed();
/** A second manager, which needs a token. */
const server = new Bed();
beforeAll(async () => {
  bed.write("tidegate.yaml", "store: { path: data/own.db }\nduckdb: { maxParallelJobs: 1 }\n");
  await bed.serve();
  await bed.run(["apply", "-"], { input: hours("orders") });
  await bed.run(["coverage", "orders", ...RANGE, "--wait", "60s"]);
});
afterAll(async () => {
  await bed.close();
  await server.close();
});

describe("a database", () => {
  it("is left alone while its manager runs", async () => {
    expect(await bed.run(["audit", "orders", ...STORE])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("STORE_LOCKED"),
    });
  });

  it("is audited, changed and copied while no manager runs", async () => {
    expect(await bed.stop()).toBe(0);
    const audit = await bed.run(["audit", "--all", ...STORE]);
    expect(audit.code).toBe(0);
    expect(JSON.parse(audit.stdout)).toMatchObject([{ groupId: "orders", isComplete: true }]);
    const foreseen = await bed.run(["trigger", "orders", ...RANGE, "--dry-run", ...STORE]);
    expect(JSON.parse(foreseen.stdout)).toMatchObject([{ action: "trigger", after: { runs: 4 } }]);
    const before = await bed.run(["get", "runs", "--state", "PLANNED", ...STORE]);
    expect(before.stdout).toBe("[]\n");
    const planned = await bed.run(["trigger", "orders", ...RANGE, ...STORE]);
    expect(planned).toMatchObject({ code: 0, stderr: expect.stringContaining("No manager is running") });
    const apply = await bed.run(["apply", "-", ...STORE], { input: hours("more") });
    expect(apply).toMatchObject({ code: 0 });
    const { stdout } = await bed.run(["get", "runs", "--state", "PLANNED", ...STORE]);
    expect((JSON.parse(stdout) as Run[]).map(({ state }) => state)).toEqual(Array(4).fill("PLANNED"));
    expect(await bed.run(["get", "versions", "more", ...STORE])).toMatchObject({ code: 0 });
    expect(await bed.run(["backup", "data/own.db", "copy.db"])).toMatchObject({ code: 0 });
    expect(await bed.run(["audit", "orders", "--store", "copy.db"])).toMatchObject({ code: 0 });
    expect(await bed.run(["audit", "orders", "--store", "none.db"])).toMatchObject({ code: 5 });
  });

  it("starts what was planned as soon as a manager opens it", async () => {
    await bed.serve();
    const open = ["--state", "PLANNED", "SUBMITTING", "RUNNING"];
    const planned = async () => {
      const { stdout } = await bed.run(["get", "runs", "--group", "orders", ...open]);
      return (JSON.parse(stdout) as Run[]).length;
    };
    while ((await planned()) > 0) await bed.run(["coverage", "more", ...RANGE, "--wait", "1s"]);
    const { stdout } = await bed.run(["get", "runs", "--group", "orders", "--state", "SUCCEEDED"]);
    expect(JSON.parse(stdout)).toHaveLength(8);
    await bed.stop();
  });
});

describe("a manager", () => {
  it("is found by its address, by a context, or on this machine, with its own token", async () => {
    await server.serve(["--data", "t.db"], { TIDEGATE_TOKEN: TOKEN, TIDEGATE_VIEWER_TOKEN: VIEWER });
    const url = server.url!;
    const code = async (args: string[], env: Record<string, string> = {}) =>
      (await bed.run(["get", "schedules", ...args], { env })).code;
    mkdirSync(join(bed.folder, ".config/tidegate"), { recursive: true });
    bed.write("token", `${TOKEN}\n`);
    const contexts = {
      open: { url },
      known: { url, tokenFile: join(bed.folder, "token") },
      variable: { url, tokenEnv: "OTHER_TOKEN" },
    };
    bed.write(".config/tidegate/config.json", JSON.stringify({ current: "known", contexts }));
    expect(await code([])).toBe(0);
    expect(await code(["--context", "open"])).toBe(1);
    expect(await code(["--context", "open"], { TIDEGATE_TOKEN: TOKEN })).toBe(0);
    expect(await code(["--context", "variable"], { OTHER_TOKEN: TOKEN })).toBe(0);
    expect(await code(["--context", "nowhere"])).toBe(2);
    expect(await code(["--url", url], { TIDEGATE_TOKEN: VIEWER })).toBe(0);
    const paused = await bed.run(["pause", "orders", "--url", url], { env: { TIDEGATE_TOKEN: VIEWER } });
    expect(paused).toMatchObject({ code: 1, stderr: expect.stringContaining("role operator") });
    expect(await code(["--url", url])).toBe(1);
    expect(await code([], { TIDEGATE_URL: url })).toBe(1);
    expect(await code(["--token", TOKEN])).toBe(2);
    bed.write(".config/tidegate/config.json", '{ "contexts": { "x": { "token": "secret" } } }');
    expect(await bed.run(["get", "schedules"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("contexts.x"),
    });
  });

  it("is not served to everybody, nor with settings that are unknown", async () => {
    const refused = async (...args: string[]) => bed.run(["serve", "--port", "0", ...args]);
    expect(await refused("--host", "0.0.0.0")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("authorize"),
    });
    const viewer = await bed.run(["serve", "--port", "0"], { env: { TIDEGATE_VIEWER_TOKEN: TOKEN } });
    expect(viewer).toMatchObject({ code: 2, stderr: expect.stringContaining("TIDEGATE_TOKEN") });
    bed.write("wrong.yaml", "listen: { port: high }\n");
    expect(await refused("--config", "wrong.yaml")).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^wrong\.yaml: listen\.port: /),
    });
    for (const [text, message] of [
      [
        `log: warn # ${"x".repeat(10 * 1_048_576)}\n`,
        /^wrong\.yaml: must not be longer than 5242880 bytes\.$/m,
      ],
      [`a: &a [x, x]\nb: [${"*a, ".repeat(1_000)}*a]\n`, /^wrong\.yaml: .*alias/i],
      ["log: [\n", /^wrong\.yaml:\d: /],
      ["log: warn\n---\nlog: info\n", /^wrong\.yaml: must be one document/],
    ] as const) {
      bed.write("wrong.yaml", text);
      expect(await refused("--config", "wrong.yaml")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(message),
      });
    }
    bed.write("wrong.yaml", "duckdb: { threads: many }\n");
    expect(await refused("--config", "wrong.yaml")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("threads"),
    });
  });
});

describe("the small commands", () => {
  it("are part of it", async () => {
    expect((await bed.run(["dag-factory"])).stdout).toBe(readFileSync(dagFactoryFile, "utf8"));
    const secret = await bed.run(["group-secret", "orders"], { input: `${TOKEN}\n` });
    expect(secret).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\S{16,}\n$/) });
    const refused = await bed.run(["group-secret", "orders"], { input: "short" });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).not.toContain("short");
  });
});
