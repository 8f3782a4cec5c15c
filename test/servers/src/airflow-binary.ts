import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder } from "./cache.js";
import { findPython } from "./python.js";

const run = promisify(execFile);

/** Which Airflow the tests run on where nobody names another. */
const DEFAULT_VERSIONS = ">=3.3,<4";

/** It is 300 MB of some 150 packages; ms. */
const INSTALL_LIMIT_MS = 600_000;

/**
 * Finds the Python of an environment with Apache Airflow 3, or makes one in the cache from PyPI: with uv where there is
 * one, else with pip. The environment variable TIDEGATE_AIRFLOW names a version, such as `3.0.6`.
 *
 * @throws Error naming the ways, when none works
 */
export async function findAirflow(): Promise<string> {
  const named = process.env.TIDEGATE_AIRFLOW_PYTHON;
  if (named) return named;
  const version = process.env.TIDEGATE_AIRFLOW;
  const packages = requirements(version ? `==${version}` : DEFAULT_VERSIONS);
  return cached({
    what: `Airflow ${version ?? 3}`,
    megabytes: 300,
    folder: cacheFolder(version ? `airflow-${version}` : "airflow"),
    // It leads to a Python of the system, which may have gone since.
    find: (folder) => [join(folder, "bin", "python")].find(existsSync),
    ways: [
      ...(isOnPath("uv")
        ? [{ name: "uv pip install", get: (folder: string) => installWithUv(folder, packages) }]
        : []),
      { name: "pip install", get: (folder) => installWithPip(folder, packages) },
    ],
    help:
      `Either name the Python of an environment that has ${packages.join(", ")} in TIDEGATE_AIRFLOW_PYTHON, ` +
      "or let this install one from PyPI (needs Python 3.10 to 3.13 on the path).",
  });
}

/** Airflow, and what it speaks to Postgres with. */
function requirements(versions: string): string[] {
  return [`apache-airflow${versions}`, "psycopg2-binary", "asyncpg"];
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

async function installWithUv(folder: string, packages: readonly string[]): Promise<void> {
  await run("uv", ["venv", "--quiet", "--allow-existing", "--python", ">=3.10,<3.14", folder], {
    timeout: INSTALL_LIMIT_MS,
  });
  const python = join(folder, "bin", "python");
  await run("uv", ["pip", "install", "--quiet", "--python", python, ...packages], {
    timeout: INSTALL_LIMIT_MS,
  });
}

async function installWithPip(folder: string, packages: readonly string[]): Promise<void> {
  await run(await findPython(), ["-m", "venv", folder], { timeout: INSTALL_LIMIT_MS });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages];
  await run(join(folder, "bin", "python"), pip, { timeout: INSTALL_LIMIT_MS });
}
