import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Interval, JsonObject } from "@tidegate/core";
import { type OffsetVector, offsetText } from "@tidegate/core/offset";
import type { JobOutcome, OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { FlinkConsole, FlinkServer, KafkaServer, PostgresServer } from "@tidegate/test-servers";
import { createFlinkOperator } from "../../src/index.js";
import { aRequest, untroubled } from "./requests.js";

/** What a topic gets: its key chooses the partition. */
export interface KafkaRecord {
  readonly id: number;
  readonly key: string;
  /** Epoch ms. */
  readonly at: number;
}

/** A table of a copy without its columns. */
export type ConnectedTable = {
  readonly connector: string;
  readonly options: Readonly<Record<string, string>>;
};

/** The interval of a copy in shards, how many are asked for, and the table that they write to. */
export interface ShardedCopy {
  readonly lower: number;
  readonly upper: number;
  readonly target: number;
  readonly into: string;
}

/** A Flink between a Postgres and a Kafka, and an operator that has it copy. */
export class ConnectorScene {
  readonly flink: FlinkServer;
  readonly kafka: KafkaServer;
  readonly #postgres: PostgresServer;
  readonly #operator: DefinedOperator;
  #database = "";

  private constructor(flink: FlinkServer, postgres: PostgresServer, kafka: KafkaServer) {
    this.flink = flink;
    this.kafka = kafka;
    this.#postgres = postgres;
    const { url, gatewayUrl } = flink;
    this.#operator = createFlinkOperator({ url, gatewayUrl, secrets: { password: "not asked for" } });
  }

  /** @param partitions - of topics that are written to */
  static async start(partitions: number): Promise<ConnectorScene> {
    const starting = [
      FlinkServer.start({}, { connectors: ["kafka", "jdbc-postgres"] }),
      PostgresServer.start(),
      KafkaServer.start({
        "num.partitions": String(partitions),
        "log.cleaner.backoff.ms": "100",
        "log.cleaner.dedupe.buffer.size": "2097152",
      }),
    ] as const;
    try {
      return new ConnectorScene(...(await Promise.all(starting)));
    } catch (error) {
      await Promise.allSettled(starting.map(async (server) => (await server).dispose()));
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await this.#operator.stop();
    await Promise.all([this.flink.dispose(), this.#postgres.dispose(), this.kafka.dispose()]);
  }

  /** From now on tables are those of an empty database. */
  async clear(): Promise<void> {
    this.#database = await this.#postgres.createDatabase();
  }

  async query<Row = Record<string, unknown>>(text: string): Promise<Row[]> {
    return this.#postgres.query<Row>(text, this.#database);
  }

  /** A table of the database, as a copy has it. */
  table(name: string, options: Readonly<Record<string, string>> = {}): ConnectedTable {
    const { host, pathname } = new URL(this.#database);
    const login = { username: "tidegate", password: "{{secret.password}}" };
    const address = { url: `jdbc:postgresql://${host}${pathname}`, "table-name": name };
    return { connector: "jdbc", options: { ...address, ...login, ...options } };
  }

  /** A topic with values in JSON, as a copy has it. */
  topic(name: string): ConnectedTable {
    return { connector: "kafka", options: { ...this.#options(name), format: "json" } };
  }

  /** A topic whose records replace each other by their keys, as a copy has it. */
  upsertTopic(name: string, options: Readonly<Record<string, string>> = {}): ConnectedTable {
    const formats = { "key.format": "json", "value.format": "json" };
    return { connector: "upsert-kafka", options: { ...this.#options(name), ...formats, ...options } };
  }

  /** Copies an interval, with an id of its own each time. */
  async copy(sync: JsonObject, lower: number, upper: number): Promise<JobOutcome> {
    return this.#run(sync, { lowerBound: String(lower), upperBound: String(upper) });
  }

  /** Copies a range of positions, for a run that stands for an hour; from `beginning` in mode `full`. */
  async copyRange(
    sync: JsonObject,
    lower: OffsetVector | "beginning",
    upper: OffsetVector,
    interval: Interval,
  ): Promise<JobOutcome> {
    return this.#run(sync, {
      boundaryType: "OFFSET",
      lowerBound: lower === "beginning" ? lower : offsetText(lower),
      upperBound: offsetText(upper),
      interval,
    });
  }

  async #run(sync: JsonObject, bounds: Partial<OfflineJobRequest>): Promise<JobOutcome> {
    const request = aRequest({ sync }, bounds);
    const { jobId } = await this.#operator.submit(request, untroubled());
    return this.#operator.wait(jobId, request, untroubled());
  }

  /** Copies an interval in shards, one after the other, and returns the rows that each has written. */
  async copyInShards(sync: JsonObject, { lower, upper, target, into }: ShardedCopy): Promise<number[]> {
    const bounds = { lowerBound: String(lower), upperBound: String(upper) };
    const request = aRequest({ sync }, bounds);
    const { shards } = await this.#operator.split!(request, { ...untroubled(), target });
    const written: number[] = [];
    let known = 0;
    for (const [index, { key, args }] of shards.entries()) {
      const idempotencyKey = `${request.idempotencyKey.slice(0, 28)}${String(index).padStart(4, "0")}`;
      const part = { ...request, idempotencyKey, shard: { key, args, count: shards.length } };
      const { jobId } = await this.#operator.submit(part, untroubled());
      const { state, error } = await this.#operator.wait(jobId, part, untroubled());
      if (state !== "SUCCEEDED") throw new Error(error?.message);
      const [row] = await this.query(`SELECT count(*)::int AS count FROM ${into}`);
      const count = Number(row?.count);
      written.push(count - known);
      known = count;
    }
    return written;
  }

  /** Writes records to a topic in their order, with a job of Flink. */
  async produce(
    topic: string,
    records: readonly KafkaRecord[],
    options: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const console = await this.console("batch");
    const formats = { "key.format": "raw", "key.fields": "key", "value.format": "json" };
    const table = { connector: "kafka", options: { ...this.#options(topic), ...formats, ...options } };
    const columns = "id INT, key STRING, `at` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'";
    await console.type(creation("topic", columns, table));
    // A file, since Flink may make a source of its own of each row of VALUES, and mix their order.
    const folder = mkdtempSync(join(this.flink.dataFolder, "records-"));
    writeFileSync(
      join(folder, "records.json"),
      records.map((record) => `${JSON.stringify(record)}\n`).join(""),
    );
    const file = { connector: "filesystem", options: { path: pathToFileURL(folder).href, format: "json" } };
    await console.type(creation("record", "id INT, key STRING, `at` BIGINT", file));
    await console.type("INSERT INTO topic SELECT id, key, TO_TIMESTAMP_LTZ(`at`, 3) FROM record");
  }

  async console(mode: "batch" | "streaming"): Promise<FlinkConsole> {
    return FlinkConsole.open(this.flink, { "execution.runtime-mode": mode });
  }

  #options(topic: string): Record<string, string> {
    return { topic, "properties.bootstrap.servers": this.kafka.bootstrapServers };
  }
}

/** The statement that makes Flink know a table. */
export function creation(name: string, columns: string, { connector, options }: ConnectedTable): string {
  const properties = Object.entries({ connector, ...options })
    .map(([key, value]) => `'${key}' = '${value}'`)
    .join(", ");
  return `CREATE TABLE ${name} (${columns}) WITH (${properties})`;
}
