import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Pythons that the packages which are installed here run on. The system's is first: one that a user has compiled lacks
 * optimizations as a rule, and takes a fifth more of a processor.
 */
const PYTHONS = ["/usr/bin/python3", "python3.11", "python3.12", "python3.13", "python3.10", "python3"];

/** Fails where the version is another, or where a system has split off what makes environments and installs packages. */
const CHECK = "import sys, ensurepip, pip, venv; assert (3, 10) <= sys.version_info[:2] <= (3, 13)";

/**
 * Finds a Python that works: what is on the path may be a shim without anything behind it.
 *
 * @throws Error naming what was looked for
 */
export async function findPython(): Promise<string> {
  for (const python of PYTHONS) {
    const works = await run(python, ["-c", CHECK]).then(
      () => true,
      () => false,
    );
    if (works) return python;
  }
  throw new Error(`none of ${PYTHONS.join(", ")} is a Python 3.10 to 3.13 with pip and venv`);
}

/**
 * Returns the folder of a Python that works, with its `python3`: one that a shim leads to is found by each start anew, which
 * takes longer than the start.
 *
 * @throws Error naming what was looked for
 */
export async function findPythonFolder(): Promise<string> {
  const { stdout } = await run(await findPython(), ["-c", "import sys; print(sys.executable)"]);
  return dirname(stdout.trim());
}
