import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("two managers", () => {
  it("of which one is killed run every interval exactly once", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toMatch(/orders\s+[ABab!]{23}B\n/);
    expect(output).toMatch(/orders\s*│ 24\s*│ 0\s*│ 0\s*│ 0\s*│ 2400\s*│ 2400\s*│ 0/);
    expect(output).toContain("Every interval ran exactly once");
    expect(await exited).toEqual([0, null]);
  }, 600_000);
});
