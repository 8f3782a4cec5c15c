import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillCache } from "./cache.js";
import { FLINK_VERSION } from "./flink-binary.js";
import { copyArtifacts } from "./maven.js";

const NAME = "flink-table-filesystem-test-utils";

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
  await copyArtifacts([`org.apache.flink:${NAME}:${FLINK_VERSION}`], folder);
}
