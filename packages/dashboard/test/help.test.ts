import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { HELP } from "../src/app/pages/help/help-text.js";

const script = fileURLToPath(new URL("../../../scripts/dashboard-guide.mjs", import.meta.url));

describe("the help", () => {
  it("is what the guide says; `node scripts/dashboard-guide.mjs` writes it", () => {
    expect(execFileSync(process.execPath, [script, "--check"], { encoding: "utf8" })).toBe("");
  });

  it("has a part for each page, under the name by which the page leads to it", () => {
    const ids = HELP.map(({ id }) => id);
    expect(ids).toEqual(
      expect.arrayContaining(["overview", "groups", "group", "run", "new", "dependencies", "system"]),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
