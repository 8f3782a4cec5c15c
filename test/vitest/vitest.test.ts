import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const folder = dirname(fileURLToPath(import.meta.url));

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly { readonly message: string }[];
}

/** Runs the user's tests in a Vitest of its own, which inherits nothing from Jest. */
function reportOfVitest(): Report {
  const command = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const output = mkdtempSync(join(tmpdir(), "tidegate-vitest-"));
  try {
    const file = join(output, "report.json");
    const { NODE_OPTIONS, JEST_WORKER_ID, NODE_ENV, ...env } = process.env;
    const args = [command, "run", "--reporter=json", `--outputFile=${file}`];
    const { stderr } = spawnSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
    expect(stderr).toBe("");
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

describe("the suites of the testkit", () => {
  it("run in Vitest as they run in Jest", () => {
    const report = reportOfVitest();
    expect(report).toMatchObject({ numFailedTests: 0, testResults: [{ message: "" }] });
    expect(report.numPassedTests).toBeGreaterThan(300);
  });
});
