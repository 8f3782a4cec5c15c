import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached, cacheFolder, itself } from "./cache.js";
import { firstPatch, flinkVersion } from "./flink-version.js";
import { copyArtifacts } from "./maven.js";
import { findPython } from "./python.js";

const run = promisify(execFile);

/** `lib` and `plugins` are in the one, `conf` in the other; their dependencies are for Python programs alone. */
const WHEELS = ["apache-flink-libraries", "apache-flink"];

/** What the wheels leave out: the SQL Gateway, and a jar with a batch job in it. */
const jarsOf = (version: string) => ({
  gateway: { name: "flink-sql-gateway", version },
  examples: { name: "flink-examples-streaming", version: firstPatch(version) },
});

/** The jar that has the planner's in it, up to its version. */
const LOADER = "flink-table-planner-loader-";

const PLANNER = "flink-table-planner.jar";

const UNPACK = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(*sys.argv[2:])";

/** They are 330 MB; ms. */
const INSTALL_LIMIT_MS = 600_000;

/** An Apache Flink that can be run. */
export interface FlinkBinary {
  /** Such as `2.3.0`. */
  readonly version: string;
  /** The program `java`, 11 or newer. */
  readonly java: string;
  /** What Flink's own scripts give every Java of it. */
  readonly javaOptions: readonly string[];
  /** All jars of `lib`, with the planner itself in place of its loader. */
  readonly classPath: string;
  readonly plugins: string;
  /** The SQL Gateway's jar. */
  readonly gateway: string;
  /** Flink's own streaming examples, of which `WordCount` runs as a batch too. */
  readonly examples: string;
}

/**
 * Finds an Apache Flink in the cache, or puts one there: from PyPI, and what PyPI lacks from Maven Central.
 *
 * @throws Error naming what is needed
 */
export async function findFlink(): Promise<FlinkBinary> {
  const java = await findJava();
  const version = flinkVersion();
  const get = (folder: string) => install(version, folder);
  const folder = await cached({
    what: `Flink ${version}`,
    megabytes: 350,
    folder: cacheFolder(join("flink", version)),
    find: itself,
    ways: [{ name: "pip install, mvn dependency:copy", get }],
    help: "To get one this needs Python 3.10 to 3.13 on the path, PyPI and Maven Central.",
  });
  return binaryIn(folder, version, java, await findPlanner(folder, version));
}

/**
 * Finds the planner of SQL, which is a jar within a jar: each process of Flink unpacks it anew, and loads its classes in a way
 * that no archive of classes knows. Flink is made to work with either.
 */
function findPlanner(flink: string, version: string): Promise<string> {
  const loader = join(libOf(flink), `${LOADER}${version}.jar`);
  return cached({
    what: `planner of Flink ${version}`,
    megabytes: 46,
    folder: cacheFolder(join("flink", `planner-${version}`)),
    find: (folder) => [join(folder, PLANNER)].find(existsSync),
    ways: [
      {
        name: "python -m zipfile",
        get: async (folder) => {
          await run(await findPython(), ["-c", UNPACK, loader, PLANNER, folder], {
            timeout: INSTALL_LIMIT_MS,
          });
        },
      },
    ],
    help: "To get it this needs Python 3.10 to 3.13 on the path.",
  });
}

async function install(version: string, folder: string): Promise<void> {
  const pip = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--no-deps",
    "--no-cache-dir",
  ];
  const python = await findPython();
  const wheels = WHEELS.map((name) => `${name}==${version}`);
  await run(python, [...pip, "--target", folder, ...wheels], { timeout: INSTALL_LIMIT_MS });
  const artifacts = Object.values(jarsOf(version)).map(
    (jar) => `org.apache.flink:${jar.name}:${jar.version}`,
  );
  await copyArtifacts(artifacts, join(folder, "jars"));
}

function libOf(folder: string): string {
  return join(folder, "pyflink", "lib");
}

function binaryIn(folder: string, version: string, java: string, planner: string): FlinkBinary {
  const home = join(folder, "pyflink");
  const lib = libOf(folder);
  const jars = readdirSync(lib).filter((name) => name.endsWith(".jar") && !name.startsWith(LOADER));
  const { gateway, examples } = jarsOf(version);
  return {
    version,
    java,
    javaOptions: javaOptionsIn(join(home, "conf", "config.yaml")),
    classPath: [...jars.map((name) => join(lib, name)), planner].join(":"),
    plugins: join(home, "plugins"),
    gateway: join(folder, "jars", `${gateway.name}-${gateway.version}.jar`),
    examples: join(folder, "jars", `${examples.name}-${examples.version}.jar`),
  };
}

/** Flink reaches into Java's internals, and its configuration lists where. */
function javaOptionsIn(configuration: string): string[] {
  const line = /^ *all: *(.+)$/m.exec(readFileSync(configuration, "utf8"))?.[1];
  if (line === undefined) throw new Error(`${configuration} has no env.java.opts.all.`);
  return line.trim().split(/\s+/);
}

async function findJava(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const java = home ? join(home, "bin", "java") : "java";
  const { stderr } = await run(java, ["-version"]).catch(() => ({ stderr: "" }));
  if (Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) >= 11) return java;
  throw new Error("Flink needs Java 11 or newer, on the path or in JAVA_HOME.");
}
