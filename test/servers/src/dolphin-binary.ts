import { execFile } from "node:child_process";
import { hash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { cached, cacheFolder, DOWNLOAD_LIMIT_MS, itself, say } from "./cache.js";
import { maven } from "./maven.js";

const run = promisify(execFile);

/** A DolphinScheduler that can be run with Java. */
export interface DolphinBinary {
  /** The folder of its jars. */
  readonly libraries: string;
  /** The SQL file that makes its tables in H2. */
  readonly schema: string;
  /** The jar of its configuration. */
  readonly settings: string;
}

/** The only version of which Maven Central has nearly all. */
const VERSION = "3.1.1";

/** What Central lacks: parents without anything in them, each with its own parent. */
const LACKING = {
  "dolphinscheduler-registry-plugins": "dolphinscheduler-registry",
  "dolphinscheduler-scheduler-plugin": "dolphinscheduler",
} as const;

/** Where the configuration, and what the assembly needs, are. */
const FILES: string = fileURLToPath(new URL("../dolphinscheduler", import.meta.url));

/** Files that its Java finds beside its jars. */
const SETTINGS = ["application.yaml", "seed.sql", "task-type-config.yaml"] as const;

/** Of these it is assembled: with others it is another one. */
const RECIPE = ["pom.xml", "parent-stub.xml", "SchemaOfEntities.java"] as const;

/**
 * Finds a DolphinScheduler in the cache, or assembles one there from Maven Central.
 *
 * @throws Error naming what is needed, when that does not work
 */
export async function findDolphin(): Promise<DolphinBinary> {
  const folder = await cached({
    what: `DolphinScheduler ${VERSION}`,
    megabytes: 200,
    folder: join(cacheFolder("dolphinscheduler"), `${VERSION}-${hashOf(RECIPE)}`),
    find: itself,
    ways: [{ name: "mvn dependency:copy-dependencies", get: assemble }],
    help: "To assemble one this needs a JDK 17 or newer and tar on the path, and Maven Central.",
  });
  const settings = await findSettings();
  return { libraries: join(folder, "libs"), schema: join(folder, "schema.sql"), settings };
}

/** Finds the jar of its configuration: a folder on the class path would rule out an archive of its classes. */
async function findSettings(): Promise<string> {
  const folder = await cached({
    what: "DolphinScheduler's configuration",
    megabytes: 0,
    folder: join(cacheFolder("dolphinscheduler"), `settings-${hashOf(SETTINGS)}`),
    find: itself,
    ways: [
      {
        name: "jar",
        get: async (work) => {
          await run("jar", [
            "--create",
            "--file",
            join(work, "settings.jar"),
            ...SETTINGS.flatMap((file) => ["-C", FILES, file]),
          ]);
        },
      },
    ],
    help: "This needs a JDK 17 or newer on the path.",
  });
  return join(folder, "settings.jar");
}

function hashOf(files: readonly string[]): string {
  const contents = files.map((file) => readFileSync(join(FILES, file), "utf8"));
  return hash("sha256", contents.join("\0"), "hex").slice(0, 12);
}

async function assemble(folder: string): Promise<void> {
  const [work, libs] = [join(folder, "work"), join(folder, "libs")];
  mkdirSync(work);
  const repository = join(work, "repository");
  for (const [artifact, parent] of Object.entries(LACKING)) writeParent(repository, artifact, parent);
  say("Getting its jars ...");
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${libs}`];
  await maven(["--file", copyOfProject(work), ...goal], repository);
  say("Writing its schema ...");
  writeFileSync(join(folder, "schema.sql"), await schemaOf(libs));
  rmSync(work, { recursive: true });
}

function writeParent(repository: string, artifact: string, parent: string): void {
  const folder = join(repository, "org", "apache", "dolphinscheduler", artifact, VERSION);
  mkdirSync(folder, { recursive: true });
  const stub = readFileSync(join(FILES, "parent-stub.xml"), "utf8");
  const pom = stub.replace("@artifact@", artifact).replace("@parent@", parent);
  writeFileSync(join(folder, `${artifact}-${VERSION}.pom`), pom);
}

/** A copy, since Maven writes beside its project. */
function copyOfProject(folder: string): string {
  const pom = join(folder, "pom.xml");
  writeFileSync(pom, readFileSync(join(FILES, "pom.xml")));
  return pom;
}

async function schemaOf(libs: string): Promise<string> {
  const source = join(FILES, "SchemaOfEntities.java");
  const entities = join(libs, `dolphinscheduler-dao-${VERSION}.jar`);
  const { stdout } = await run("java", ["-cp", join(libs, "*"), source, entities], {
    timeout: DOWNLOAD_LIMIT_MS,
  });
  return stdout;
}
