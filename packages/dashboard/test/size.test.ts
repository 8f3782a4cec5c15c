import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";

const web = fileURLToPath(new URL("../dist/web", import.meta.url));

describe("the built page", () => {
  it("is at most 180 kB for the first view, zipped", () => {
    const files = readdirSync(web, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const sizes = files.map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name))).length);
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(180_000);
  });

  it("has neither scripts nor styles nor addresses of others in itself", () => {
    const page = readFileSync(join(web, "index.html"), "utf8");
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|https?:/);
    expect(page).toMatch(/<script type="module"[^>]* src="\.\/assets\//);
  });
});
