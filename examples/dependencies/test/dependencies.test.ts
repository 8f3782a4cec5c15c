import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("the example of dependencies", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-dependencies-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs it until so many trends have succeeded, and longer if it has yet to say something; returns what it has printed. */
  async function runFor(trends: number, said = /^/): Promise<string[]> {
    const child = spawn(process.execPath, [main], {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    // If a report waits for ever, the test fails rather than wait with it.
    const guard = setTimeout(() => child.kill("SIGKILL"), 300_000);
    const lines: string[] = [];
    const isEnough = (): boolean =>
      lines.filter((one) => one.startsWith("trend")).length >= trends && lines.some((one) => said.test(one));
    let isStopped = false;
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      // A second signal would kill it.
      if (isStopped || !isEnough()) continue;
      isStopped = true;
      child.kill("SIGINT");
    }
    clearTimeout(guard);
    expect(await exited).toEqual([0, null]);
    return lines;
  }

  const filesOf = (name: string): number[] =>
    readdirSync(join(directory, "lake"))
      .filter((file) => file.startsWith(`${name}-`))
      .map((file) => Number(file.slice(name.length + 1, -".json".length)))
      .sort((a, b) => a - b);

  const read = (file: string): unknown => JSON.parse(readFileSync(join(directory, "lake", file), "utf8"));

  it("reports each day once its hours are there, also after a restart, and names the hour it waits for", async () => {
    await runFor(2, /^waiting .*loads \[.*\): run \w+ is RUNNING since/);
    await runFor(1);
    const days = filesOf("day");
    expect(days.length).toBeGreaterThanOrEqual(3);
    for (const day of days) {
      const hours = Array.from({ length: 5 }, (_, index) => new Date(day + index * 1_000).getUTCSeconds());
      expect(read(`day-${day}.json`)).toEqual({ orders: hours.reduce((sum, orders) => sum + orders, 0) });
    }
    const trends = filesOf("trend");
    expect(trends).toEqual(trends.map((_, index) => trends[0]! + index * 5_000));
    for (const upper of trends) expect(read(`trend-${upper}.json`)).toContain(`day-${upper - 5_000}.json`);
  }, 700_000);
});
