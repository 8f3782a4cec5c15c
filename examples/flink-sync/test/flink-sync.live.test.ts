import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("a sync on Flink", () => {
  it("copies every row once, although JobManager, gateway and Tidegate are killed on the way", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    for (const victim of ["the JobManager", "the SQL Gateway", "Tidegate"]) {
      expect(output).toContain(`${victim} is KILLED`);
    }
    expect(output).toMatch(/│ 15\s*│ 0\s*│ 0\s*│ 0\s*│ (\d+)\s*│ \1\s*│ 0\s*│/);
    expect(output).toContain("The copy is the source, row by row");
    expect(await exited).toEqual([0, null]);
  }, 900_000);
});
