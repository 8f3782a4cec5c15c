// Packs every package as it would be published, and checks each tarball with publint and "Are the types wrong?". All in one
// process, since to load their compiler for each package takes longer than the checks.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { problemKindInfo } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Ways to import a package that these packages do not offer: they are ES modules, found by their `exports`. */
const NOT_OFFERED = ["node10", "node16-cjs"];

/** Packs all packages into a folder. */
function pack(folder) {
  // Their scripts write into the working tree: a check that is stopped would leave that behind.
  const args = ["--filter", "./packages/*", "-r", "pack", "--config.ignore-scripts=true"];
  const { status, error, stdout, stderr } = spawnSync("pnpm", [...args, "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`pnpm pack ended with ${status}:\n${stdout}${stderr}`);
}

/** Returns what publint reports, warnings included. */
async function lintOf({ buffer }, manifest) {
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  return messages.filter(({ type }) => type === "error").map((message) => formatMessage(message, manifest));
}

/** Returns the faults that users of TypeScript would meet. */
async function wrongTypesOf(data) {
  const { types, problems } = await checkPackage(createPackageFromTarballData(data));
  if (!types) return ["The package has no types."];
  return problems
    .filter(({ resolutionKind }) => !NOT_OFFERED.includes(resolutionKind))
    .map(({ kind, ...where }) => `${problemKindInfo[kind].description} ${JSON.stringify(where)}`);
}

const folder = mkdtempSync(join(tmpdir(), "tidegate-packages-"));
try {
  pack(folder);
  const manifests = readdirSync(join(ROOT, "packages")).map((name) =>
    JSON.parse(readFileSync(join(ROOT, "packages", name, "package.json"), "utf8")),
  );
  for (const manifest of manifests) {
    const { name, version } = manifest;
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    const data = Uint8Array.from(readFileSync(join(folder, file)));
    const faults = [...(await lintOf(data, manifest)), ...(await wrongTypesOf(data))];
    for (const fault of faults) console.error(`${name}: ${fault}`);
    if (faults.length > 0) process.exitCode = 1;
  }
  console.log(`Checked the tarballs of ${manifests.length} packages.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
