import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChangeNews, Run } from "@tidegate/core";
import { Bed, hours, RANGE } from "./bed.js";

describe("a command that follows what happens", () => {
  const bed = new Bed({ inOneProcess: true });
  const failed = async (): Promise<Run[]> => {
    const { stdout } = await bed.run(["get", "runs", "--group", "broken", "--state", "FAILED"]);
    return JSON.parse(stdout);
  };
  beforeAll(async () => {
    await bed.serve();
    await bed.run(["apply", "-"], {
      input: `${hours("orders")}\n---\n${hours("broken").replace("SELECT 1", "SELECT nothing")}`,
    });
    await bed.run(["coverage", "orders", ...RANGE, "--wait", "60s"]);
    // The first run of each has ended before the same interval is run again.
    while ((await failed()).length === 0) await bed.run(["coverage", "broken", ...RANGE, "--wait", "100ms"]);
  });
  afterAll(() => bed.close());

  it("waits for the runs that it has triggered, and prints how they ended", async () => {
    const { code, stdout, stderr } = await bed.run(["trigger", "orders", ...RANGE, "--wait"]);
    const runs = JSON.parse(stdout) as Run[];
    const states = new Set(runs.map(({ state }) => state));
    expect({ code, states: [...states] }).toEqual({ code: 0, states: ["SUCCEEDED"] });
    expect(stderr).toContain(`orders ${runs[0]!.id} SUCCEEDED`);
  });

  it("ends with 6 if they have not succeeded, unless it is to wait for their end only", async () => {
    const { code, stdout } = await bed.run(["trigger", "broken", ...RANGE, "--wait"]);
    expect(code).toBe(6);
    const [run] = JSON.parse(stdout) as Run[];
    expect(run).toMatchObject({ state: "FAILED" });
    const ended = await bed.run(["retry", run!.id, "--wait=ended"]);
    expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining(`broken ${run!.id} FAILED: `) });
    expect(await bed.run(["retry", run!.id, "--wait"])).toMatchObject({ code: 6 });
    expect(await bed.run(["retry", run!.id, "--wait=soon"])).toMatchObject({ code: 2 });
  });

  it("prints what a run logs until it has ended, or what one of its attempts has logged", async () => {
    const run = (await failed()).find(({ history }) => history.length === 2);
    const log = /^Reading: ended after .*\nJOB_FAILED: .*nothing.*\n$/;
    for (const more of [[], ["-f"], ["--attempt", "1"], ["-f", "--attempt", "2"]]) {
      const { code, stdout } = await bed.run(["logs", run!.id, ...more, "-o", "table"]);
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(log) });
    }
    const { stdout } = await bed.run(["logs", run!.id, "-f"]);
    expect(JSON.parse(stdout)).toMatchObject({ attempt: 3, attempts: 3, first: 0, next: 2, isFinal: true });
  });

  it("waits for a backfill and its runs", async () => {
    const again = ["--select", "all", "--wait"];
    const done = await bed.run(["backfill", "orders", ...RANGE, ...again, "--id", "again"]);
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining("again DONE: 4 runs planned") });
    expect(await bed.run(["backfill", "broken", ...RANGE, ...again])).toMatchObject({ code: 6 });
    expect(await bed.run(["backfill", "orders", ...RANGE, "--wait"])).toMatchObject({ code: 0 });
  });

  it("prints what changes, a line of JSON each, until it is interrupted", async () => {
    const events = spawn(process.execPath, [bed.bin, "events", "orders", "--kind", "schedule"], {
      env: bed.env,
    });
    const lines = createInterface(events.stdout)[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value as string) as ChangeNews;
    const { position, ...begin } = await next();
    expect(begin).toEqual({ isReset: true, changes: [] });
    await bed.run(["pause", "orders"]);
    expect(await next()).toMatchObject({ changes: [{ kind: "schedule", groupId: "orders" }] });
    const ended = once(events, "exit");
    events.kill("SIGINT");
    expect((await ended)[0]).toBe(130);

    const resumed = spawn(process.execPath, [bed.bin, "events", "-o", "table", "--after", position], {
      env: bed.env,
    });
    const [text] = (await once(createInterface(resumed.stdout), "line")) as [string];
    expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ schedule orders$/);
    resumed.kill();
  });

  it("makes pools and tokens", async () => {
    const { stdout } = await bed.run(["pools", "set", "warehouse", "--slots", "3", "--per-second", "0.5"]);
    expect(JSON.parse(stdout)).toMatchObject([{ name: "warehouse", slots: 3, perSecond: 0.5 }]);
    expect(await bed.run(["pools", "set", "warehouse", "--slots", "many"])).toMatchObject({ code: 2 });
    expect(await bed.run(["pools", "delete", "warehouse"])).toMatchObject({ code: 0 });
    expect(await bed.run(["pools", "delete", "warehouse"])).toMatchObject({ code: 3 });
    const tokens = await Promise.all([bed.run(["token"]), bed.run(["token"])]);
    for (const token of tokens) expect(token.stdout).toMatch(/^[\w-]{43}\n$/);
    expect(tokens[0]!.stdout).not.toBe(tokens[1]!.stdout);
  });

  it("has to have a manager", async () => {
    await bed.stop();
    for (const args of [["events"], ["trigger", "orders", ...RANGE, "--wait"]]) {
      const { code, stderr } = await bed.run([...args, "--store", ".tidegate/tidegate.db"]);
      expect({ args, code, stderr }).toEqual({ args, code: 2, stderr: expect.stringContaining("manager") });
    }
    expect(await bed.run(["events", "--url", "http://127.0.0.1:65535"])).toMatchObject({ code: 5 });
  });
});
