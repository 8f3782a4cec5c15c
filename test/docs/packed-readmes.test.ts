import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
// @ts-expect-error a script without types
import { packedReadme } from "../../scripts/packed-readme.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = readdirSync(join(root, "packages"));
const names = packages.map(
  (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8")).name as string,
);

/** Returns the targets of the links and pictures of a Markdown text. */
const targetsOf = (text: string): string[] => [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, to]) => to!);

const npmPage = /^https:\/\/www\.npmjs\.com\/package\/([^#]+)/;
const guidePage = /^https:\/\/unpkg\.com\/@tidegate\/core\/(docs\/[^#]+)/;

describe("the README of a package on npm", () => {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-packed-"));
  const core = join(directory, "package");

  beforeAll(() => {
    const cwd = join(root, "packages/core");
    execFileSync("npm", ["pack", "--pack-destination", directory], { cwd, stdio: "ignore" });
    const [packed] = readdirSync(directory);
    execFileSync("tar", ["-xzf", join(directory, packed!), "-C", directory]);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it.each(packages)("of %s has an install line, and no link that is dead there", (name) => {
    const text: string = packedReadme(`packages/${name}`);
    expect(text).toMatch(/^(npm install|npx) /m);
    for (const target of targetsOf(text)) {
      if (target.startsWith("#")) continue;
      const [, page] = npmPage.exec(target) ?? [];
      const [, guide] = guidePage.exec(target) ?? [];
      if (page !== undefined) expect(names).toContain(page);
      else if (guide !== undefined) expect(existsSync(join(core, guide)) && guide).toBe(guide);
      else if (!/^https?:/.test(target)) {
        expect(existsSync(join(root, "packages", name, target)) && target).toBe(target);
      }
    }
  });

  it("is packed with these links, and is itself again afterwards", () => {
    expect(readFileSync(join(core, "README.md"), "utf8")).toBe(packedReadme("packages/core"));
    expect(readFileSync(join(root, "packages/core/README.md"), "utf8")).toContain("(../../docs/guide.md)");
    expect(existsSync(join(root, "packages/core/docs"))).toBe(false);
  });

  it("leads to guides that lead on", () => {
    for (const guide of readdirSync(join(core, "docs"))) {
      const text = readFileSync(join(core, "docs", guide), "utf8");
      for (const target of targetsOf(text)) {
        if (/^(#|https?:)/.test(target)) continue;
        expect(existsSync(join(core, "docs", target.split("#")[0]!)) && target).toBe(target);
      }
    }
  });
});
