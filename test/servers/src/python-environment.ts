import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder } from "./cache.js";
import { findPython } from "./python.js";

const run = promisify(execFile);

/** An environment of Python with packages of PyPI. */
export interface PythonEnvironment {
  /** Such as `Airflow 3`. */
  readonly what: string;
  /** About as many as are downloaded. */
  readonly megabytes: number;
  /** Its folder in the cache. */
  readonly name: string;
  readonly requirements: readonly string[];
  /** The environment variable in which the user can name the Python of an environment. */
  readonly variable: string;
  /** The longest that its installation may take, ms. */
  readonly limitMs: number;
}

/**
 * Finds the Python of an environment, or makes one in the cache from PyPI: with uv where there is one, else with pip.
 *
 * @throws Error naming the ways, when none works
 */
export async function findEnvironment(environment: PythonEnvironment): Promise<string> {
  const { what, megabytes, name, requirements, variable } = environment;
  const named = process.env[variable];
  if (named) return named;
  return cached({
    what,
    megabytes,
    folder: cacheFolder(name),
    // It leads to a Python of the system, which may have gone since.
    find: (folder) => [join(folder, "bin", "python")].find(existsSync),
    ways: [
      ...(isOnPath("uv")
        ? [{ name: "uv pip install", get: (folder: string) => installWithUv(folder, environment) }]
        : []),
      { name: "pip install", get: (folder) => installWithPip(folder, environment) },
    ],
    help:
      `Either name the Python of an environment that has ${requirements.join(", ")} in ${variable}, ` +
      "or let this install one from PyPI (needs Python 3.10 to 3.13 on the path).",
  });
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

async function installWithUv(folder: string, { requirements, limitMs }: PythonEnvironment): Promise<void> {
  await run("uv", ["venv", "--quiet", "--allow-existing", "--python", ">=3.10,<3.14", folder], {
    timeout: limitMs,
  });
  const python = join(folder, "bin", "python");
  await run("uv", ["pip", "install", "--quiet", "--python", python, ...requirements], { timeout: limitMs });
}

async function installWithPip(folder: string, { requirements, limitMs }: PythonEnvironment): Promise<void> {
  await run(await findPython(), ["-m", "venv", folder], { timeout: limitMs });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
  await run(join(folder, "bin", "python"), pip, { timeout: limitMs });
}
