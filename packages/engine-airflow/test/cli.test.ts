import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { dagFactoryFile } from "../src/index.js";

const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const factory = readFileSync(dagFactoryFile, "utf8");
const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args]);

describe("tidegate-engine-airflow dag-factory", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tidegate-dags-"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it("prints the file", async () => {
    expect((await run("dag-factory")).stdout).toBe(factory);
  });

  it("copies the file into a folder", async () => {
    await run("dag-factory", "--into", folder);
    expect(readFileSync(join(folder, basename(dagFactoryFile)), "utf8")).toBe(factory);
  });

  it.each([[[]], [["dag"]], [["dag-factory", "--into"]], [["dag-factory", "--to", "."]]])(
    "says how it is used when it is called with %j",
    async (args) => {
      await expect(run(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringMatching(/^Usage:/) });
    },
  );
});
