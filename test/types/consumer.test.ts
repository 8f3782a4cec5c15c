import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const folder = dirname(fileURLToPath(import.meta.url));
const OPTIONS =
  "--ignoreConfig --noEmit --strict --skipLibCheck false --declaration --target ES2022 --lib ES2023,DOM --types node";

/** Compiles the consumer as a user's project would; returns what the compiler complains of. */
function complaints(compiler: string, module: string, moduleResolution: string): string[] {
  const command = join(
    dirname(createRequire(import.meta.url).resolve(`${compiler}/package.json`)),
    "bin",
    "tsc",
  );
  const ownOptions = OPTIONS.split(" ").filter(
    (option) => compiler === "typescript" || option !== "--ignoreConfig",
  );
  const args = [...ownOptions, "--module", module, "--moduleResolution", moduleResolution, "consumer.ts"];
  const { stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line.trim() !== "");
}

/** Inversify's own declarations need TypeScript 5.7; a project on an older one has `skipLibCheck` set for them already. */
const isInversifys = (line: string): boolean => line.includes("node_modules/@inversifyjs/");

describe("the types in a user's project", () => {
  it.each([
    ["NodeNext", "NodeNext"],
    ["Node16", "Node16"],
    ["ESNext", "bundler"],
  ])("are whole with module %s and moduleResolution %s", (module, moduleResolution) => {
    expect(complaints("typescript", module, moduleResolution)).toEqual([]);
  });

  it.each([
    ["NodeNext", "NodeNext"],
    ["ESNext", "bundler"],
  ])(
    "are whole for the oldest TypeScript with module %s and moduleResolution %s",
    (module, moduleResolution) => {
      const lines = complaints("typescript-5.4", module, moduleResolution);
      expect(lines.filter((line) => !isInversifys(line))).toEqual([]);
    },
  );
});
