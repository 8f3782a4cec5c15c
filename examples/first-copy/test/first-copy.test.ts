import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("a first copy", () => {
  it("whose manager is killed has each row once, and goes on with what is written meanwhile", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toMatch(/orders up to \d{5,}: the manager is KILLED while it copies them/);
    expect(output).toMatch(/orders \d{5,} to \d{5,}: the manager is KILLED while it copies them/);
    expect(output).toMatch(/The first copy ends at key \d{5,}, where the first increment begins\./);
    expect(output).toMatch(/orders \d{5,} to \d{5,} are copied/);
    expect(output).toMatch(/│ time +│ [\d:]+ +│ [\d:]+ +│ \d+ +│ 0 +│ 0 +│ 0 /);
    expect(output).toMatch(/│ keys +│ beginning +│ \d{5,} +│ +│ 0 +│ 0 +│ +│ 0 +│ 0 /);
    expect(output).toMatch(/The target has the \d{5,} orders of the source, row by row, each exactly once\./);
    expect(await exited).toEqual([0, null]);
  }, 900_000);
});
