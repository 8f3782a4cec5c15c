import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("a sync of a topic on Flink", () => {
  it("has each committed record exactly once, and nothing of what was rolled back", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toMatch(/│ time +│ [\d:]+ +│ [\d:]+ +│ \d+ +│ 0 +│ 0 +│ 0 /);
    // Fifteen transactions of twenty orders, each with a marker behind it.
    for (const partition of [0, 1]) {
      expect(output).toMatch(new RegExp(`│ partition ${partition} +│ 0 +│ 315 +│ +│ 0 +│ 0 +│ +│ 0 +│ 0 `));
    }
    expect(output).toMatch(/│ partition 2 +│ 0 +│ 0 +│ +│ 0 +│ 0 +│ +│ 0 +│ 0 /);
    expect(output).toContain(
      "The lake has the 400 orders that were committed, each exactly once, and none of the 200 that were rolled back.",
    );
    expect(await exited).toEqual([0, null]);
  }, 600_000);
});
