import { readdirSync } from "node:fs";
import { join } from "node:path";
import { cached, cacheFolder, itself } from "./cache.js";
import { flinkVersion } from "./flink-version.js";
import { copyArtifacts } from "./maven.js";

interface Connector {
  readonly version: string;
  readonly megabytes: number;
  readonly artifacts: readonly string[];
}

/** The newest that Maven Central has for Flink 2, each made for an earlier one. */
const FOR_FLINK_2: Readonly<Record<FlinkConnector, Connector>> = {
  kafka: {
    version: "5.0.0-2.2",
    megabytes: 11,
    artifacts: ["org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2"],
  },
  "jdbc-postgres": jdbcForPostgres("4.0.0-2.0"),
  parquet: {
    version: "2.3.0",
    megabytes: 60,
    artifacts: [
      "org.apache.flink:flink-sql-parquet:2.3.0",
      // The format reads its settings with Hadoop's classes.
      "org.apache.hadoop:hadoop-client-api:3.4.1",
      "org.apache.hadoop:hadoop-client-runtime:3.4.1",
    ],
  },
};

/** For Flink 1.20. Kafka's with everything in it is not there in this version, in which a read ends behind a transaction. */
const FOR_FLINK_1: Readonly<Partial<Record<FlinkConnector, Connector>>> = {
  kafka: {
    version: "3.4.0-1.20",
    megabytes: 6,
    artifacts: ["org.apache.flink:flink-connector-kafka:3.4.0-1.20", "org.apache.kafka:kafka-clients:3.4.0"],
  },
  "jdbc-postgres": jdbcForPostgres("3.3.0-1.20"),
};

/** A connector or a format that a Flink of a test can have. */
export type FlinkConnector = "kafka" | "jdbc-postgres" | "parquet";

/**
 * Finds a connector's jars in the cache, or puts them there, from Maven Central.
 *
 * @throws Error naming what is needed
 */
export async function findConnector(name: FlinkConnector): Promise<string[]> {
  const connectors = flinkVersion().startsWith("1.") ? FOR_FLINK_1 : FOR_FLINK_2;
  const connector = connectors[name];
  if (connector === undefined) throw new Error(`There is no ${name} for Flink ${flinkVersion()} here.`);
  const { version, megabytes, artifacts } = connector;
  const get = (folder: string) => copyArtifacts(artifacts, folder);
  const folder = await cached({
    what: `connector of Flink for ${name} ${version}`,
    megabytes,
    folder: cacheFolder(join("flink", `connector-${name}-${version}`)),
    find: itself,
    ways: [{ name: "mvn dependency:copy", get }],
    help: "To get one this needs Java on the path, and Maven Central.",
  });
  return readdirSync(folder).map((jar) => join(folder, jar));
}

function jdbcForPostgres(version: string): Connector {
  return {
    version,
    megabytes: 2,
    artifacts: [
      `org.apache.flink:flink-connector-jdbc-core:${version}`,
      `org.apache.flink:flink-connector-jdbc-postgres:${version}`,
      "org.postgresql:postgresql:42.7.7",
    ],
  };
}
