import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cacheFolder, DOWNLOAD_LIMIT_MS, fillCache } from "./cache.js";

const run = promisify(execFile);

/** A DolphinScheduler that can be run with Java. */
export interface DolphinBinary {
  /** The folder of its jars. */
  readonly libraries: string;
  /** The SQL file that makes its tables in H2. */
  readonly schema: string;
}

/** The only version of which Maven Central has nearly all. */
const VERSION = "3.1.1";

/** What Central lacks: parents without anything in them, each with its own parent. */
const LACKING = {
  "dolphinscheduler-registry-plugins": "dolphinscheduler-registry",
  "dolphinscheduler-scheduler-plugin": "dolphinscheduler",
} as const;

const MAVEN = {
  url: "https://repo.maven.apache.org/maven2/org/apache/maven/apache-maven/3.9.9/apache-maven-3.9.9-bin.tar.gz",
  sha512:
    "a555254d6b53d267965a3404ecb14e53c3827c09c3b94b5678835887ab404556bfaf78dcfe03ba76fa2508649dca8531c74bca4d5846513522404d48e8c4ac8b",
};

/** It is 200 MB of some 430 jars; ms. */
const ASSEMBLE_LIMIT_MS = 900_000;

/** Where the configuration, and what the assembly needs, are. */
export const dolphinFiles: string = fileURLToPath(new URL("../dolphinscheduler", import.meta.url));

/**
 * Finds a DolphinScheduler in the cache, or assembles one there from Maven Central.
 *
 * @throws Error naming what is needed, when that does not work
 */
export async function findDolphin(): Promise<DolphinBinary> {
  const cache = join(cacheFolder("dolphinscheduler"), VERSION);
  if (!existsSync(cache)) {
    say(`Assembling DolphinScheduler ${VERSION} from Maven Central in ${cache}, about 200 MB ...`);
    const failures = await fillCache(cache, [{ name: "mvn dependency:copy-dependencies", get: assemble }]);
    if (!existsSync(cache)) {
      throw new Error(
        "There is no DolphinScheduler. To assemble one this needs a JDK 17 or newer and tar on the path, and Maven " +
          `Central. Tried:\n${failures.join("\n")}`,
      );
    }
  }
  return { libraries: join(cache, "libs"), schema: join(cache, "schema.sql") };
}

async function assemble(folder: string): Promise<void> {
  const [work, libs] = [join(folder, "work"), join(folder, "libs")];
  mkdirSync(work);
  const maven = await getMaven(work);
  const repository = join(work, "repository");
  for (const [artifact, parent] of Object.entries(LACKING)) writeParent(repository, artifact, parent);
  say("Getting its jars ...");
  const settings = join(work, "settings.xml");
  writeFileSync(settings, "<settings/>");
  const quiet = ["--batch-mode", "--quiet", "--settings", settings, "--global-settings", settings];
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${libs}`];
  const project = [`-Dmaven.repo.local=${repository}`, "--file", copyOfProject(work)];
  await run(maven, [...quiet, ...project, ...goal], { timeout: ASSEMBLE_LIMIT_MS });
  say("Writing its schema ...");
  writeFileSync(join(folder, "schema.sql"), await schemaOf(libs));
  rmSync(work, { recursive: true });
}

/** Maven, for this once: its path. */
async function getMaven(folder: string): Promise<string> {
  const response = await fetch(MAVEN.url, { signal: AbortSignal.timeout(DOWNLOAD_LIMIT_MS) });
  if (!response.ok) throw new Error(`Maven Central answered ${response.status} to ${MAVEN.url}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (createHash("sha512").update(bytes).digest("hex") !== MAVEN.sha512) {
    throw new Error(`${MAVEN.url} is not what it should be: its SHA-512 is another.`);
  }
  const archive = join(folder, "maven.tar.gz");
  await writeFile(archive, bytes);
  await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
  return join(folder, "bin", "mvn");
}

function writeParent(repository: string, artifact: string, parent: string): void {
  const folder = join(repository, "org", "apache", "dolphinscheduler", artifact, VERSION);
  mkdirSync(folder, { recursive: true });
  const stub = readFileSync(join(dolphinFiles, "parent-stub.xml"), "utf8");
  const pom = stub.replace("@artifact@", artifact).replace("@parent@", parent);
  writeFileSync(join(folder, `${artifact}-${VERSION}.pom`), pom);
}

/** A copy, since Maven writes beside its project. */
function copyOfProject(folder: string): string {
  const pom = join(folder, "pom.xml");
  writeFileSync(pom, readFileSync(join(dolphinFiles, "pom.xml")));
  return pom;
}

async function schemaOf(libs: string): Promise<string> {
  const source = join(dolphinFiles, "SchemaOfEntities.java");
  const entities = join(libs, `dolphinscheduler-dao-${VERSION}.jar`);
  const { stdout } = await run("java", ["-cp", join(libs, "*"), source, entities], {
    timeout: DOWNLOAD_LIMIT_MS,
  });
  return stdout;
}

function say(what: string): void {
  process.stderr.write(`${what}\n`);
}
