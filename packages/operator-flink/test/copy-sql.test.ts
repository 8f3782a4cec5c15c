import { describe, expect, it } from "@jest/globals";
import type { SyncJob } from "../src/index.js";
import { POSITIONS } from "../src/sync/positions.js";
import { SINKS } from "../src/sync/sinks.js";
import { SOURCES } from "../src/sync/sources.js";
import { sqlOf } from "../src/sync/write-sql.js";

const BUILT_IN = { sources: SOURCES, positions: POSITIONS, sinks: SINKS };

const KAFKA: SyncJob["source"] = {
  connector: "kafka",
  columns: { id: "INT", at: "TIMESTAMP(3)" },
  options: { topic: "it's" },
};

describe("the SQL of a copy", () => {
  it("reads a topic between the offsets of two timestamps, without a predicate", () => {
    const { statement, setup } = sqlOf({ source: KAFKA, sink: { connector: "blackhole" } }, BUILT_IN);
    expect(setup).toEqual([
      "CREATE TEMPORARY TABLE tidegate_source (`id` INT, `at` TIMESTAMP(3)) WITH ('connector' = 'kafka', 'topic' = 'it''s')",
      "CREATE TEMPORARY TABLE tidegate_sink (`id` INT, `at` TIMESTAMP(3)) WITH ('connector' = 'blackhole')",
    ]);
    expect(statement).toBe(
      "INSERT INTO tidegate_sink SELECT `id`, `at` FROM tidegate_source /*+ OPTIONS(" +
        "'scan.startup.mode' = 'timestamp', 'scan.startup.timestamp-millis' = '{{lower.unsignedMs}}', " +
        "'scan.bounded.mode' = 'timestamp', 'scan.bounded.timestamp-millis' = '{{upper.unsignedMs}}') */",
    );
  });

  it("reads a topic between the offsets of a run, without what transactions have rolled back", () => {
    const { statement } = sqlOf({ source: KAFKA, sink: { connector: "blackhole" } }, BUILT_IN, "OFFSET");
    expect(statement).toBe(
      "INSERT INTO tidegate_sink SELECT `id`, `at` FROM tidegate_source /*+ OPTIONS(" +
        "'scan.startup.mode' = 'specific-offsets', 'scan.startup.specific-offsets' = '{{lower.kafkaOffsets}}', " +
        "'scan.bounded.mode' = 'specific-offsets', 'scan.bounded.specific-offsets' = '{{upper.kafkaOffsets}}', " +
        "'properties.isolation.level' = 'read_committed', 'properties.group.id' = 'tidegate') */",
    );
  });

  it("reads a table between two keys", () => {
    const source = { connector: "jdbc", columns: { id: "BIGINT" }, cursorColumn: "id" };
    const { statement } = sqlOf({ source, sink: { connector: "blackhole" } }, BUILT_IN, "OFFSET");
    expect(statement).toMatch(/ WHERE `id` >= \{\{lower\.offset\}\} AND `id` < \{\{upper\.offset\}\}$/);
  });

  it("reads a Pulsar topic between two publish times", () => {
    const source = { ...KAFKA, connector: "pulsar" };
    const { statement } = sqlOf({ source, sink: { connector: "blackhole" } }, BUILT_IN);
    expect(statement).toContain("'source.start.publish-time' = '{{lower.unsignedMs}}'");
    expect(statement).toContain("'source.stop.at-publish-time' = '{{upper.unsignedMs}}'");
  });

  it("reads a table by a predicate, and in parts where it is partitioned by its time", () => {
    const source: SyncJob["source"] = {
      connector: "jdbc",
      columns: { id: "INT", ms: "BIGINT" },
      timeColumn: "ms",
      timeType: "epochMs",
      options: { "scan.partition.column": "ms", "scan.partition.num": "4" },
    };
    const { statement } = sqlOf({ source, sink: { connector: "blackhole" } }, BUILT_IN);
    expect(statement).toContain("'scan.partition.lower-bound' = '{{lower.epochMs}}'");
    expect(statement).toContain("WHERE `ms` >= {{lower.epochMs}} AND `ms` < {{upper.epochMs}}");
  });

  it("overwrites a folder of the interval's own", () => {
    const sink = { connector: "filesystem", options: { path: "s3://lake/orders/", format: "parquet" } };
    const { statement } = sqlOf({ source: KAFKA, sink }, BUILT_IN);
    expect(statement).toMatch(
      /^INSERT OVERWRITE tidegate_sink \/\*\+ OPTIONS\('path' = 's3:\/\/lake\/orders\/from=\{\{lower.epochMs\}\}'\) \*\/ /,
    );
  });

  it("declares the sink's key and takes its columns from expressions", () => {
    const sink = { connector: "jdbc", primaryKey: ["n`o"], columns: { "n`o": "INT", day: "DATE" } };
    const job = { source: KAFKA, sink, select: { "n`o": "id", day: "CAST(`at` AS DATE)" } };
    const { setup, statement } = sqlOf(job, BUILT_IN);
    expect(setup?.[1]).toContain("(`n``o` INT, `day` DATE, PRIMARY KEY (`n``o`) NOT ENFORCED)");
    expect(statement).toContain("SELECT id, CAST(`at` AS DATE) FROM tidegate_source");
  });

  it("takes connectors of the user's", () => {
    const sources = { clicks: () => ({ options: { since: "{{lower.epochS}}" } }) };
    const source = { connector: "clicks", columns: { id: "INT" } };
    const { statement } = sqlOf({ source, sink: { connector: "blackhole" } }, { ...BUILT_IN, sources });
    expect(statement).toContain("OPTIONS('since' = '{{lower.epochS}}')");
  });
});
