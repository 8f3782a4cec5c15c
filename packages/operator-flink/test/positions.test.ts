import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import { createFlinkOperator } from "../src/index.js";

const operator = createFlinkOperator({
  url: "http://127.0.0.1:9",
  gatewayUrl: "http://127.0.0.1:9",
  connectors: {
    positions: {
      clicks: (_source, planned) =>
        planned === undefined || planned.type === "clicks"
          ? { options: { since: "{{lower.offset}}", until: "{{upper.offset}}" } }
          : { field: "connector", problem: "reads clicks alone" },
    },
  },
});

const TOPIC: OffsetSource = { type: "kafka", topic: "orders" };
const TABLE: OffsetSource = { type: "postgres", table: "orders", column: "id" };

const copied = (source: object): JsonObject => ({
  sync: { source: { columns: { id: "BIGINT" }, ...source }, sink: { connector: "blackhole" } },
});

const topic = (options: object = {}) =>
  copied({ connector: "kafka", options: { topic: "orders", format: "json", ...options } });

const table = (more: object = {}, options: object = {}) =>
  copied({ connector: "jdbc", cursorColumn: "id", options: { "table-name": "orders", ...options }, ...more });

const statement = (where: string) => ({
  sql: { statement: `INSERT OVERWRITE lake SELECT * FROM orders ${where}` },
});

describe("a job of a schedule by positions", () => {
  it.each<[string, JsonObject, OffsetSource]>([
    ["a copy of its topic", topic(), TOPIC],
    [
      "a copy of its topic with what was rolled back",
      topic({ "properties.isolation.level": "read_uncommitted" }),
      { ...TOPIC, isolation: "uncommitted" },
    ],
    ["a copy of its table", table(), TABLE],
    ["a copy by a connector of the user's", copied({ connector: "clicks" }), { type: "clicks" }],
    [
      "SQL that names the offsets of a topic",
      statement("/*+ OPTIONS('from' = '{{lower.kafkaOffsets}}', 'to' = '{{upper.kafkaOffsets}}') */"),
      TOPIC,
    ],
    ["SQL that names two keys", statement("WHERE id >= {{lower.offset}} AND id < {{upper.offset}}"), TABLE],
  ])("can be %s", (_, job, source) => {
    operator.validate(job);
    expect(() => operator.validateSource(job, source)).not.toThrow();
  });

  it.each<[string, JsonObject, OffsetSource, string]>([
    [
      "another topic",
      topic({ topic: "sales" }),
      TOPIC,
      'job.sync.source.options.topic: is "sales", but the positions are those of source.topic "orders".',
    ],
    [
      "many topics",
      topic({ topic: undefined, "topic-pattern": "o.*" }),
      TOPIC,
      "job.sync.source.options.topic: must be given",
    ],
    [
      "records that are not planned",
      topic({ "properties.isolation.level": "read_uncommitted" }),
      TOPIC,
      "job.sync.source.options.properties.isolation.level: must be read_committed",
    ],
    [
      "less than is planned",
      topic(),
      { ...TOPIC, isolation: "uncommitted" },
      "job.sync.source.options.properties.isolation.level: must be read_uncommitted",
    ],
    [
      "a topic by keys",
      topic(),
      TABLE,
      "job.sync.source.connector: reads positions of sources of type kafka",
    ],
    [
      "a table by offsets",
      table(),
      TOPIC,
      "job.sync.source.connector: reads positions of sources of type postgres",
    ],
    ["another table", table({}, { "table-name": "sales" }), TABLE, "job.sync.source.options.table-name: is"],
    ["another column", table({ cursorColumn: "no" }), TABLE, 'job.sync.source.cursorColumn: is "no", but'],
    [
      "a table by time",
      table({ cursorColumn: undefined, timeColumn: "at" }),
      TABLE,
      "job.sync.source.cursorColumn: is needed to read positions",
    ],
    [
      "files",
      copied({ connector: "filesystem", timeColumn: "at" }),
      { type: "files", path: "in" },
      "job.sync.source.connector: how it reads a range of positions is not known; known are clicks, jdbc, kafka",
    ],
    [
      "what a connector of the user's refuses",
      copied({ connector: "clicks" }),
      TABLE,
      "job.sync.source.connector: reads clicks alone",
    ],
    [
      "by SQL that names times",
      statement("WHERE at >= {{lower.timestamp}} AND at < {{upper.timestamp}}"),
      TABLE,
      "job.sql.statement: must name the positions to read, such as {{lower.offset}}",
    ],
    [
      "by SQL that names one end",
      statement("WHERE id >= {{lower.offset}} -- {{upper.offset}}"),
      TABLE,
      "job.sql.statement: must name the positions to read, such as {{upper.offset}}",
    ],
    [
      "a topic by SQL that names keys",
      statement("WHERE id >= {{lower.offset}} AND id < {{upper.offset}}"),
      TOPIC,
      'job.sql.statement: {{lower.offset}} has no value for a source of type "kafka"',
    ],
    [
      "a materialized table",
      { materializedTable: { identifier: "a.b.c" } },
      TABLE,
      "job.materializedTable: is refreshed by time",
    ],
  ])("is refused if it reads %s", (_, given, source, message) => {
    const job = JSON.parse(JSON.stringify(given)) as JsonObject;
    operator.validate(job);
    const [field] = message.split(": ");
    expect(() => operator.validateSource(job, source)).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field, message: expect.stringContaining(message) }),
    );
  });

  it("is refused if a copy has a time column besides, or is read in parts", () => {
    const refused = (job: JsonObject, field: string) =>
      expect(() => operator.validate(job)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
    const both = table({ timeColumn: "at" });
    operator.validate(both);
    expect(() => operator.validateSource(both, TABLE)).toThrow(
      expect.objectContaining({ field: "job.sync.source.timeColumn" }),
    );
    refused(table({}, { "scan.partition.column": "id" }), "job.sync.source.options.scan.partition.column");
  });
});
