import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("the example of a materialized table", () => {
  it("is created, kept fresh and dropped from Flink's own gateway", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: { ...process.env, NODE_OPTIONS: "", REFRESHES: "2" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toContain("Tidegate: flink:shop.sales.takings is REGISTERED");
    const fresh = [...output.matchAll(/^Tidegate: part=(\d{14}) is fresh: \{"takings":42\}$/gm)];
    expect(new Set(fresh.map(([, partition]) => partition)).size).toBeGreaterThanOrEqual(2);
    expect(output).toContain("Tidegate: it is DELETED.");
    expect(await exited).toEqual([0, null]);
  }, 900_000);
});
