import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the docstrings of schedules and runs, and the guide's list of fields", () => {
  it("say what the schemas say; `node scripts/documented-fields.mjs` writes them", () => {
    const script = join(root, "scripts/documented-fields.mjs");
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
