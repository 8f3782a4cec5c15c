import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, cacheFolder, itself } from "./cache.js";
import { maven } from "./maven.js";

/** As in the project that lists its jars. */
const VERSION = "4.1.0";

const PROJECT = fileURLToPath(new URL("../kafka/pom.xml", import.meta.url));

/**
 * Finds an Apache Kafka in the cache, or assembles one there from Maven Central.
 *
 * @returns the folder of its jars: the broker's, its command line's, and a logger that writes to the standard error
 * @throws Error naming what is needed, when that does not work
 */
export async function findKafka(): Promise<string> {
  return cached({
    what: `Kafka ${VERSION}`,
    megabytes: 55,
    folder: join(cacheFolder("kafka"), VERSION),
    find: itself,
    ways: [{ name: "mvn dependency:copy-dependencies", get: assemble }],
    help: "To assemble one this needs Java on the path, and Maven Central.",
  });
}

async function assemble(folder: string): Promise<void> {
  const work = join(folder, "work");
  mkdirSync(work);
  // A copy, since Maven writes beside its project.
  const pom = join(work, "pom.xml");
  writeFileSync(pom, readFileSync(PROJECT));
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", `-DoutputDirectory=${folder}`];
  await maven(["--file", pom, ...goal]);
  rmSync(work, { recursive: true });
}
