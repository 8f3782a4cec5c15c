import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { freePort } from "@tidegate/test-servers";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("the example on Airflow", () => {
  it("prints each interval with its DAG's address, and ends with a sound ledger", async () => {
    const child = spawn(process.execPath, [MAIN], {
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        AIRFLOW_URL: undefined,
        PORT: String(await freePort()),
        INTERVALS: "2",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    expect(output).toContain("orders is REGISTERED.");
    const lines =
      output.match(
        /^orders \[[\d:]+, [\d:]+\) ran .* http:\/\/127\.0\.0\.1:\d+\/dags\/tidegate\.example\.orders\.[0-9a-f]+$/gm,
      ) ?? [];
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(output).toContain("Every interval ran exactly once.");
    expect(await exited).toEqual([0, null]);
  }, 900_000);
});
