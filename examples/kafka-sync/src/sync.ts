import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { OffsetLimit, ScheduleInfo, TidegateOptions } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { type FlinkJob, flinkOperator } from "@tidegate/operator-flink";
import { kafkaPositions } from "@tidegate/positions/kafka";
import { sqliteStore } from "@tidegate/store-sqlite";

/** Addresses of the servers, and folders. */
export interface Place {
  readonly bootstrapServers: string;
  /** The JobManager's REST, and the SQL Gateway's. */
  readonly url: string;
  readonly gatewayUrl: string;
  /** Where the orders are copied to. */
  readonly target: string;
  /** Of the manager's database. */
  readonly folder: string;
}

export const GROUP = "orders";
export const TOPIC = "orders";

/** How many offsets one run reads at most. */
const LIMIT: OffsetLimit = { records: 100 };

/** Returns the parts of a manager: it asks Kafka for positions, and has Flink read them. */
export function partsOf({ bootstrapServers, url, gatewayUrl, folder }: Place) {
  const provider = kafkaPositions({ clusters: { shop: { bootstrapBrokers: [bootstrapServers] } } });
  return {
    store: sqliteStore({ path: join(folder, "tidegate.db") }),
    engines: [embeddedEngine()],
    operators: [flinkOperator({ url, gatewayUrl })],
    offsetProviders: [provider],
  } satisfies TidegateOptions;
}

/** Copies a topic from its first record on: each run reads what has been committed since the one before it. */
export function scheduleOf({ bootstrapServers, target }: Place) {
  return {
    groupId: GROUP,
    trigger: { type: "period", every: 2, unit: "second" },
    boundaryType: "OFFSET",
    source: { type: "kafka", cluster: "shop", topic: TOPIC },
    startAt: "earliest",
    limit: LIMIT,
    operator: "flink",
    job: {
      sync: {
        source: {
          connector: "kafka",
          columns: {
            id: "BIGINT",
            cents: "INT",
            part: "INT METADATA FROM 'partition' VIRTUAL",
            position: "BIGINT METADATA FROM 'offset' VIRTUAL",
          },
          options: { topic: TOPIC, "properties.bootstrap.servers": bootstrapServers, format: "json" },
        },
        sink: {
          connector: "filesystem",
          columns: { id: "BIGINT", cents: "INT", part: "INT", position: "BIGINT" },
          options: { path: pathToFileURL(target).href, format: "parquet" },
        },
        select: { id: "`id`", cents: "`cents`", part: "`part`", position: "`position`" },
      },
    } satisfies FlinkJob,
  } satisfies ScheduleInfo;
}
