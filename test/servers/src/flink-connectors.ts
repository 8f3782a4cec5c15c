import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder, fillCache } from "./cache.js";
import { copyArtifacts } from "./maven.js";

/** What Flink's own `lib` lacks: the newest that Maven Central has, each made for an earlier Flink 2. */
const CONNECTORS = {
  kafka: {
    version: "5.0.0-2.2",
    megabytes: 11,
    artifacts: ["org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2"],
  },
  "jdbc-postgres": {
    version: "4.0.0-2.0",
    megabytes: 2,
    artifacts: [
      "org.apache.flink:flink-connector-jdbc-core:4.0.0-2.0",
      "org.apache.flink:flink-connector-jdbc-postgres:4.0.0-2.0",
      "org.postgresql:postgresql:42.7.7",
    ],
  },
} as const;

/** A connector that a Flink of a test can have. */
export type FlinkConnector = keyof typeof CONNECTORS;

/**
 * Finds a connector's jars in the cache, or puts them there, from Maven Central.
 *
 * @throws Error naming what is needed
 */
export async function findConnector(name: FlinkConnector): Promise<string[]> {
  const { version, megabytes, artifacts } = CONNECTORS[name];
  const cache = cacheFolder(join("flink", `connector-${name}-${version}`));
  if (!existsSync(cache)) {
    process.stderr.write(
      `Getting Flink's connector ${name} ${version} from Maven Central into ${cache}, about ${megabytes} MB ...\n`,
    );
    const get = (folder: string) => copyArtifacts(artifacts, folder);
    const failures = await fillCache(cache, [{ name: "mvn dependency:copy", get }]);
    if (!existsSync(cache)) {
      throw new Error(`There is no connector ${name} for Flink. Tried:\n${failures.join("\n")}`);
    }
  }
  return readdirSync(cache).map((jar) => join(cache, jar));
}
