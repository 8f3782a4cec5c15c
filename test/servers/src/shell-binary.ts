import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cached, cacheFolder } from "./cache.js";
import { librariesIn, unpackDebian } from "./debian.js";

/** A shell that can be run. */
export interface ShellBinary {
  readonly path: string;
  /** Environment that it needs; `FISH_FUNCTIONS` is the folder of the functions that it does not find by itself. */
  readonly env: Readonly<Record<string, string>>;
}

/** The packages of a shell, and where the program is in them. */
const SHELLS = {
  zsh: { packages: ["zsh"], program: "bin/zsh" },
  fish: { packages: ["fish", "fish-common", "libpcre2-32-0"], program: "usr/bin/fish" },
} as const;

/**
 * Finds a shell, or gets one into the cache without installing anything: from the Debian or Ubuntu archive.
 *
 * @throws Error naming the way, if it fails
 */
export async function findShell(name: keyof typeof SHELLS): Promise<ShellBinary> {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const installed = folders.map((folder) => join(folder, name)).find(existsSync);
  if (installed !== undefined) return { path: installed, env: {} };
  const { packages, program } = SHELLS[name];
  return cached({
    what: name,
    megabytes: 3,
    folder: join(cacheFolder("shells"), name),
    find: (folder) => {
      const path = join(folder, program);
      if (!existsSync(path)) return undefined;
      const functions = join(folder, "usr", "share", "fish", "functions");
      return { path, env: { LD_LIBRARY_PATH: librariesIn(folder), FISH_FUNCTIONS: functions } };
    },
    ways: [{ name: "apt-get download", get: (folder) => unpackDebian(folder, packages) }],
    help: `Install one that is on the path (as root: apt-get install ${name}).`,
  });
}
