import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { Filling } from "@tidegate/operator-kit";
import { createFlinkOperator } from "../../src/index.js";
import { parseIdentifier } from "../../src/materialized-table/identifier.js";
import { refreshOf, scheduleTimeOf } from "../../src/materialized-table/refresh.js";

const JOB_ID = "00000000000000000000000000000abc";
const MIDNIGHT = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;

describe("the time that a periodic refresh is told", () => {
  it("is the interval's upper bound in the session's zone", () => {
    expect(scheduleTimeOf(interval(MIDNIGHT, MIDNIGHT + HOUR), undefined)).toBe("2026-01-01 01:00:00");
    expect(scheduleTimeOf(interval(MIDNIGHT, MIDNIGHT + HOUR, "Asia/Shanghai"), undefined)).toBe(
      "2026-01-01 09:00:00",
    );
  });

  it.each([
    // Flink takes 24 hours from it, and means the date of what is left.
    ["a day of 24 hours", "2026-01-01T00:00+01:00", "2026-01-02T00:00+01:00", "2026-01-02 00:00:00"],
    ["a day of 23 hours", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00", "2026-03-30 01:00:00"],
    ["a day of 25 hours", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00", "2026-10-25 23:00:00"],
  ])("is one freshness after the lower bound of %s", (_name, lower, upper, time) => {
    const filling = interval(Date.parse(lower), Date.parse(upper), "Europe/Berlin");
    expect(scheduleTimeOf(filling, "1 DAY")).toBe(time);
  });

  it("is refused for several periods at once, of which Flink would refresh one", () => {
    expect(() => scheduleTimeOf(interval(MIDNIGHT, MIDNIGHT + 2 * HOUR), "1 HOUR")).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "upperBound" }),
    );
  });
});

describe("a refresh", () => {
  it("fixes the job's id, and leaves the rest to the job", () => {
    const job = {
      identifier: "c.d.t",
      dynamicOptions: { "sink.parallelism": "2" },
      flinkConfiguration: { "parallelism.default": "4" },
    };
    expect(refreshOf(job, interval(MIDNIGHT, MIDNIGHT + HOUR), JOB_ID)).toEqual({
      identifier: "c.d.t",
      isPeriodic: true,
      scheduleTime: "2026-01-01 01:00:00",
      staticPartitions: {},
      dynamicOptions: { "sink.parallelism": "2" },
      executionConfig: { "parallelism.default": "4", "$internal.pipeline.job-id": JOB_ID },
    });
  });

  it("of a partition is no periodic one", () => {
    const job = { identifier: "c.d.t", partition: { ds: "{{lower.date}}", region: "eu" } };
    expect(refreshOf(job, interval(MIDNIGHT, MIDNIGHT + HOUR), JOB_ID)).toEqual({
      identifier: "c.d.t",
      isPeriodic: false,
      staticPartitions: { ds: "2026-01-01", region: "eu" },
      dynamicOptions: {},
      executionConfig: { "$internal.pipeline.job-id": JOB_ID },
    });
  });
});

describe("an identifier", () => {
  it.each([
    ["shop.sales.daily", ["shop", "sales", "daily"]],
    ["`shop`.`sales`.`daily`", ["shop", "sales", "daily"]],
    ["`a.b`.c.`d``e'\"f`", ["a.b", "c", "d`e'\"f"]],
  ])("%s has its parts", (text, parts) => {
    expect(parseIdentifier(text)).toEqual(parts);
  });

  it.each(["", "t", "d.t", "a.b.c.d", "a..c", "a.b.`c", "a.b.``", "a.b.c d", "a.b.c;", "a.b.1c", "a.b.c."])(
    "%j is none",
    (text) => {
      expect(parseIdentifier(text)).toBeUndefined();
    },
  );
});

describe("a job of a materialized table", () => {
  const operator = createFlinkOperator({ url: "http://127.0.0.1:1", gatewayUrl: "http://127.0.0.1:1" });

  it("is taken whole", () => {
    operator.validate({
      materializedTable: {
        identifier: "`c`.`d`.`t`",
        freshness: "1 DAY",
        partition: { ds: "{{lower.date}}" },
        dynamicOptions: { "sink.parallelism": "2" },
        sessionConfiguration: { "my.option": "x" },
        flinkConfiguration: { "parallelism.default": "2" },
        setup: ["CREATE CATALOG c WITH ('type' = 'paimon')"],
        timezone: "Europe/Berlin",
        onLost: "hold",
      },
    });
  });

  it.each<[JsonObject, string]>([
    [{}, "job.materializedTable.identifier"],
    [{ identifier: "d.t" }, "job.materializedTable.identifier"],
    [{ identifier: "c.d.`a/b`" }, "job.materializedTable.identifier"],
    [{ identifier: "c.d.t", freshness: "1 MONTH" }, "job.materializedTable.freshness"],
    [{ identifier: "c.d.t", partition: { ds: "{{lower.moment}}" } }, "job.materializedTable.partition.ds"],
    [{ identifier: "c.d.t", partition: { ds: "{{secret.x}}" } }, "job.materializedTable.partition.ds"],
    [{ identifier: "c.d.t", setup: ["USE {{lower.date}}"] }, "job.materializedTable.setup.0"],
    [
      { identifier: "c.d.t", sessionConfiguration: { "table.local-time-zone": "UTC" } },
      "job.materializedTable.sessionConfiguration",
    ],
    [{ identifier: "c.d.t", statement: "DROP TABLE t" }, "job.materializedTable.statement"],
  ])("%j is refused", (materializedTable, field) => {
    expect(() => operator.validate({ materializedTable })).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field }),
    );
  });
});

function interval(lower: number, upper: number, timezone = "UTC"): Filling {
  return {
    request: {
      boundaryType: "TIME",
      lowerBound: String(lower),
      upperBound: String(upper),
      scheduledTime: upper,
      groupId: "sales",
      runId: "r",
    },
    timezone,
  };
}
