import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const MAIN = fileURLToPath(new URL("../dist/main.js", import.meta.url));

describe("a pipeline over SeaTunnel, Flink and DuckDB, fired by two engines", () => {
  it("exports the rows of the source, each run after all that it reads", async () => {
    const {
      FLINK_URL: _flink,
      SEATUNNEL_URL: _seatunnel,
      REDIS_URL: _redis,
      LAKE: _lake,
      ...env
    } = process.env;
    const child = spawn(process.execPath, [MAIN], {
      // A load of two seconds, and an export of twelve.
      env: { ...env, NODE_OPTIONS: "", LOAD_SECONDS: "2" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const output = await text(child.stdout);
    const row = (group: string, engine: string, runs: number): RegExp =>
      new RegExp(`│ ${group} +│ ${engine} +│ ${runs} +│ 0 +│ 0 +│ 0 +│`);
    expect(output).toMatch(row("load", "embedded", 12));
    expect(output).toMatch(row("tax", "embedded", 6));
    expect(output).toMatch(row("totals", "bullmq", 4));
    expect(output).toMatch(row("export", "embedded", 2));
    expect(output).toMatch(/\d+ rows were exported: those of the source, row by row\./);
    expect(await exited).toEqual([0, null]);
  }, 900_000);
});
