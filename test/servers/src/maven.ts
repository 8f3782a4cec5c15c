import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder, DOWNLOAD_LIMIT_MS } from "./cache.js";
import { findPython } from "./python.js";

const run = promisify(execFile);

/** A machine with Java need not have Maven, but Maven Central has it. */
const MAVEN = {
  version: "3.9.9",
  sha512:
    "a555254d6b53d267965a3404ecb14e53c3827c09c3b94b5678835887ab404556bfaf78dcfe03ba76fa2508649dca8531c74bca4d5846513522404d48e8c4ac8b",
};

/** The package of PyPI that finds artifacts on Maven Central without Maven. */
const RESOLVER = "jgo>=3,<4";

const RESOLVE = `
import sys
from pathlib import Path
from jgo.maven import MavenContext
component = MavenContext(repo_cache=Path(sys.argv[1])).project("org.apache.maven", "apache-maven").at_version(sys.argv[2])
print(component.artifact(classifier="bin", packaging="tar.gz").resolve())
`;

/** Takes the artifact alone; later versions want the POMs of its parents too, which mirrors need not have. */
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.10:copy";

/** How long Maven may take to download what it is told, ms. */
const MAVEN_LIMIT_MS = 900_000;

/**
 * Runs Maven, of which one is put into the cache, with a repository of its own there; settings are the user's.
 *
 * @param args - such as `dependency:copy -Dartifact=group:artifact:version -DoutputDirectory=…`
 * @param repository - another local repository than the one in the cache
 * @throws Error with the end of what Maven said, or naming what is needed to get Maven
 */
export async function maven(
  args: readonly string[],
  repository: string = join(cacheFolder("maven"), "repository"),
): Promise<void> {
  const program = await findMaven();
  const all = ["--batch-mode", "--quiet", `-Dmaven.repo.local=${repository}`, ...args];
  try {
    await run(program, all, { timeout: MAVEN_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`mvn ${args.join(" ")} failed:\n${`${stdout}\n${stderr}`.trim().slice(-2_000)}`);
  }
}

/** Copies artifacts, such as `org.example:thing:1.0` or with a packaging and a classifier behind, into a folder. */
export async function copyArtifacts(artifacts: readonly string[], folder: string): Promise<void> {
  for (const artifact of artifacts) {
    await maven([COPY, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`]);
  }
}

async function findMaven(): Promise<string> {
  return cached({
    what: `Maven ${MAVEN.version}`,
    megabytes: 10,
    folder: join(cacheFolder("maven"), MAVEN.version),
    find: (folder) => [join(folder, "bin", "mvn")].find(existsSync),
    ways: [{ name: "pip install jgo", get: downloadMaven }],
    help: "To get one this needs Python 3.10 to 3.13 on the path, PyPI and Maven Central.",
  });
}

async function downloadMaven(folder: string): Promise<void> {
  const environment = join(folder, "python");
  await run(await findPython(), ["-m", "venv", environment], { timeout: DOWNLOAD_LIMIT_MS });
  const python = join(environment, "bin", "python");
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", RESOLVER];
  await run(python, install, { timeout: DOWNLOAD_LIMIT_MS });
  const resolve = ["-c", RESOLVE, join(folder, "repository"), MAVEN.version];
  const { stdout } = await run(python, resolve, { timeout: DOWNLOAD_LIMIT_MS });
  const archive = stdout.trim();
  if (createHash("sha512").update(readFileSync(archive)).digest("hex") !== MAVEN.sha512) {
    throw new Error("Maven's archive is not what it should be: its SHA-512 is another.");
  }
  await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
  for (const left of [environment, join(folder, "repository")]) rmSync(left, { recursive: true });
}
