import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { findSchemathesis } from "@tidegate/test-servers";
import { gatedOperator } from "./bed/gated-operator.js";
import { useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** How long it may go on, s. */
const BUDGET_S = 30;

/**
 * Every check but one: that all of what a schema allows is taken. No JSON schema can say that two fields belong together,
 * that a cursor was given out before, or that a zone exists.
 */
const EXCLUDED = "positive_data_acceptance";

describe("Schemathesis", () => {
  it("finds no fault in what the manager answers, nor in its document", async () => {
    const token = "rest-token-of-the-tests";
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED" });
    const { url, manager } = await aManager({ authorize: { token } }, operator);
    const python = await findSchemathesis();
    const folder = mkdtempSync(join(tmpdir(), "tidegate-schemathesis-"));
    const options = [
      ...["--header", `Authorization: Bearer ${token}`, "--exclude-checks", EXCLUDED, "--warnings", "off"],
      ...["--phases", "examples,coverage,fuzzing", "--max-examples", "50", "--max-time", String(BUDGET_S)],
      // A stream has no end.
      ...["--exclude-path", "/events"],
      ...["--no-color", "--suppress-health-check", "all"],
    ];
    try {
      const program = spawn(
        python,
        ["-m", "schemathesis.cli", "run", `${url}/openapi.json`, ...options],
        // It writes files where it is started.
        { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, COLUMNS: "200" } },
      );
      const [output, errors, [code]] = await Promise.all([
        text(program.stdout),
        text(program.stderr),
        once(program, "exit"),
      ]);
      expect({ code, report: code === 0 ? "" : `${output}${errors}` }).toEqual({ code: 0, report: "" });
      // How much of it fits in its time depends on the machine.
      expect(output).toMatch(/Tested: +[1-9]/);
      await manager.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
