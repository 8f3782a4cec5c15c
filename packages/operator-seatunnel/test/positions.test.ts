import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OffsetSource } from "@tidegate/core/offset";
import { createSeaTunnelOperator } from "../src/index.js";

const operator = createSeaTunnelOperator({ url: "http://127.0.0.1:9" });

const TABLE: OffsetSource = { type: "postgres", table: "sales.orders", column: "id" };
const WHERE = "id >= {{lower.offset}} and id < {{upper.offset}}";

const job = (query: string, plugin = "Jdbc"): JsonObject => ({
  source: [{ plugin_name: plugin, query }],
  sink: [{ plugin_name: "Console" }],
});

describe("a job of a schedule by positions", () => {
  it("names both positions, the table and the column", () => {
    expect(operator.boundaryTypes).toContain("OFFSET");
    const queries = [
      `select * from sales.orders where ${WHERE}`,
      `SELECT * FROM "Sales"."Orders" WHERE "ID" >= '{{lower.offset}}'::xid8 AND "ID" < '{{upper.offset}}'::xid8`,
    ];
    for (const query of queries) {
      operator.validate(job(query));
      expect(() => operator.validateSource(job(query), TABLE)).not.toThrow();
    }
  });

  it("is refused if it reads a topic, since SeaTunnel cannot end at an offset", () => {
    const topic: OffsetSource = { type: "kafka", topic: "orders" };
    const refused = (given: JsonObject, field: string) =>
      expect(() => operator.validateSource(given, topic)).toThrow(
        expect.objectContaining({
          code: "JOB_INVALID",
          field,
          message: expect.stringContaining("use the operator flink for positions of a topic"),
        }),
      );
    refused(job("{{lower.kafkaOffsets}} {{upper.kafkaOffsets}}", "Kafka"), "job.source.0");
    refused(job(`select * from orders where ${WHERE}`), "job.source");
  });

  it.each([
    ["times", "where at >= '{{lower.timestamp}}' and at < '{{upper.timestamp}}'", "{{lower.offset}}"],
    ["one end", "where id >= {{lower.offset}}", "{{upper.offset}}"],
    ["another column", "where no >= {{lower.offset}} and no < {{upper.offset}}", "source.column"],
  ])("is refused if it names %s", (_, where, problem) => {
    const given = job(`select * from sales.orders ${where}`);
    operator.validate(given);
    expect(() => operator.validateSource(given, TABLE)).toThrow(
      expect.objectContaining({
        code: "JOB_INVALID",
        field: "job.source",
        message: expect.stringContaining(problem),
      }),
    );
  });

  it("is refused if it names another table", () => {
    expect(() => operator.validateSource(job(`select * from old_orders where ${WHERE}`), TABLE)).toThrow(
      /source\.table/,
    );
  });
});
