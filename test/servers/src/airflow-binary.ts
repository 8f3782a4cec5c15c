import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder } from "./cache.js";
import { findPython } from "./python.js";

const run = promisify(execFile);

/** Airflow, and what it speaks to Postgres with. */
const REQUIREMENTS = ["apache-airflow>=3.3,<4", "psycopg2-binary", "asyncpg"];

/** It is 300 MB of some 150 packages; ms. */
const INSTALL_LIMIT_MS = 600_000;

/**
 * Finds the Python of an environment with Apache Airflow 3, or makes one in the cache from PyPI: with uv where there is
 * one, else with pip.
 *
 * @throws Error naming the ways, when none works
 */
export async function findAirflow(): Promise<string> {
  const named = process.env.TIDEGATE_AIRFLOW_PYTHON;
  if (named) return named;
  return cached({
    what: "Airflow 3",
    megabytes: 300,
    folder: cacheFolder("airflow"),
    // It leads to a Python of the system, which may have gone since.
    find: (folder) => [join(folder, "bin", "python")].find(existsSync),
    ways: [
      ...(isOnPath("uv") ? [{ name: "uv pip install", get: installWithUv }] : []),
      { name: "pip install", get: installWithPip },
    ],
    help:
      `Either name the Python of an environment that has ${REQUIREMENTS.join(", ")} in TIDEGATE_AIRFLOW_PYTHON, ` +
      "or let this install one from PyPI (needs Python 3.10 to 3.13 on the path).",
  });
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

async function installWithUv(folder: string): Promise<void> {
  await run("uv", ["venv", "--quiet", "--allow-existing", "--python", ">=3.10,<3.14", folder], {
    timeout: INSTALL_LIMIT_MS,
  });
  const python = join(folder, "bin", "python");
  await run("uv", ["pip", "install", "--quiet", "--python", python, ...REQUIREMENTS], {
    timeout: INSTALL_LIMIT_MS,
  });
}

async function installWithPip(folder: string): Promise<void> {
  await run(await findPython(), ["-m", "venv", folder], { timeout: INSTALL_LIMIT_MS });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...REQUIREMENTS];
  await run(join(folder, "bin", "python"), pip, { timeout: INSTALL_LIMIT_MS });
}
