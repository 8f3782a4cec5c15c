import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillCache } from "./cache.js";
import { FLINK_VERSION } from "./flink-binary.js";
import { maven } from "./maven.js";

const NAME = "flink-table-filesystem-test-utils";

/** Takes the jar alone, as what it depends on is in Flink. */
const COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.10:copy";

/**
 * Finds the jar of Flink's own `test-filesystem` catalog in the cache, or puts it there, from Maven Central.
 *
 * @throws Error naming what is needed
 */
export async function findTestCatalog(): Promise<string> {
  const cache = cacheFolder(join("flink", `${NAME}-${FLINK_VERSION}`));
  const jar = join(cache, `${NAME}-${FLINK_VERSION}.jar`);
  if (existsSync(jar)) return jar;
  const failures = await fillCache(cache, [{ name: "mvn dependency:copy", get: download }]);
  if (existsSync(jar)) return jar;
  throw new Error(`There is no catalog for materialized tables. Tried:\n${failures.join("\n")}`);
}

async function download(folder: string): Promise<void> {
  await maven([COPY, `-Dartifact=org.apache.flink:${NAME}:${FLINK_VERSION}`, `-DoutputDirectory=${folder}`]);
}
