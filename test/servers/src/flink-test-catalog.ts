import { existsSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder } from "./cache.js";
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
  return cached({
    what: "catalog of Flink for materialized tables",
    megabytes: 1,
    folder: cacheFolder(join("flink", `${NAME}-${version}`)),
    find: (folder) => [join(folder, `${NAME}-${version}.jar`)].find(existsSync),
    ways: [
      {
        name: "mvn dependency:copy",
        get: (folder) => copyArtifacts([`org.apache.flink:${NAME}:${version}`], folder),
      },
    ],
    help: "To get one this needs Java on the path, and Maven Central.",
  });
}
