import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

describe("the minimal example", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-minimal-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs it until so many intervals have succeeded; returns their starts. */
  async function runFor(intervals: number): Promise<string[]> {
    const child = spawn(process.execPath, [fileOf("../dist/main.js")], {
      cwd: directory,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const succeeded: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      const [lower, state] = line.split(" ");
      if (state !== "SUCCEEDED") continue;
      succeeded.push(lower!);
      // A second signal would kill it.
      if (succeeded.length === intervals) child.kill("SIGINT");
    }
    expect(await exited).toEqual([0, null]);
    return succeeded;
  }

  it("writes a file each second, and goes on where it was stopped", async () => {
    const succeeded = [...(await runFor(2)), ...(await runFor(2))].map((lower) => Date.parse(lower));
    const first = succeeded[0]!;
    expect(succeeded).toEqual(succeeded.map((_, index) => first + index * 1_000));
    const files = readdirSync(join(directory, "lake")).map((name) => Number(name.replace(".json", "")));
    expect(files.sort()).toEqual(succeeded);
  });

  it("is what the README shows, in 20 lines at most", () => {
    const source = readFileSync(fileOf("../src/main.ts"), "utf8").trimEnd();
    expect(readFileSync(fileOf("../../../README.md"), "utf8")).toContain(source);
    expect(source.split("\n").length).toBeLessThanOrEqual(20);
  });
});
