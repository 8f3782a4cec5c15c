import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { DOWNLOAD_LIMIT_MS } from "./cache.js";

const run = promisify(execFile);

/** Downloads packages of Debian or Ubuntu and unpacks them into a folder, without installing them. */
export async function unpackDebian(folder: string, packages: readonly string[]): Promise<void> {
  const download = () =>
    run("apt-get", ["download", ...packages], { cwd: folder, timeout: DOWNLOAD_LIMIT_MS });
  try {
    await download();
  } catch (error) {
    // A bare container has no lists of packages, and only root may fetch them.
    if (process.getuid?.() !== 0) throw error;
    await run("apt-get", ["update"], { timeout: DOWNLOAD_LIMIT_MS });
    await download();
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".deb"))) {
    await run("dpkg-deb", ["-x", join(folder, file), folder]);
  }
}

/** Returns the folder of a package's libraries below one into which it was unpacked. */
export function librariesIn(folder: string): string {
  const libraries = join(folder, "usr", "lib");
  return join(libraries, readdirSync(libraries).find((name) => name.endsWith("-linux-gnu")) ?? "");
}
