import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillCache } from "./cache.js";
import { firstPatch, flinkVersion } from "./flink-version.js";
import { copyArtifacts } from "./maven.js";

const NAME = "flink-table-filesystem-test-utils";

/**
 * Finds the jar of Flink's own `test-filesystem` catalog in the cache, or puts it there, from Maven Central.
 *
 * @throws Error naming what is needed
 */
export async function findTestCatalog(): Promise<string> {
  const version = firstPatch(flinkVersion());
  const cache = cacheFolder(join("flink", `${NAME}-${version}`));
  const jar = join(cache, `${NAME}-${version}.jar`);
  if (existsSync(jar)) return jar;
  const get = (folder: string) => copyArtifacts([`org.apache.flink:${NAME}:${version}`], folder);
  const failures = await fillCache(cache, [{ name: "mvn dependency:copy", get }]);
  if (existsSync(jar)) return jar;
  throw new Error(`There is no catalog for materialized tables. Tried:\n${failures.join("\n")}`);
}
