import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("the demonstration", () => {
  it("ends with the proof that nothing is missing or doubled", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toMatch(/The dashboard: http:\/\/127\.0\.0\.1:\d+\/dashboard\//);
    expect(output).toContain("the manager was KILLED");
    expect(output).toMatch(/[1-9]\d* retried/);
    expect(output).toMatch(
      /all-flights\s*│ 20\s*│ 0\s*│ 0\s*│ 0\s*│ once\s*│ 10000\s*│ 10000\s*│ 10000\s*│ 0/,
    );
    expect(output).toContain("Every interval ran exactly once");
    expect(await exited).toEqual([0, null]);
  }, 600_000);
});
