import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JsonObject, ScheduleInfo } from "@tidegate/core";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { byPredicate, createFlinkOperator, type FlinkJob } from "../src/index.js";

let folder: string;
let operator: DefinedOperator;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-jars-"));
  mkdirSync(join(folder, "jars"));
  writeFileSync(join(folder, "jars", "sync.jar"), "not looked into before it is uploaded");
  writeFileSync(join(folder, "outside.jar"), "");
  symlinkSync(join(folder, "outside.jar"), join(folder, "jars", "link.jar"));
  operator = createFlinkOperator({
    url: "http://127.0.0.1:9",
    gatewayUrl: "http://127.0.0.1:9",
    jarFolders: [join(folder, "jars")],
    secrets: { password: "pw" },
    connectors: { sources: { clicks: byPredicate } },
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

const INSERT = "INSERT OVERWRITE t SELECT * FROM s WHERE d >= {{lower.date}} AND d < {{upper.date}}";

describe("a job", () => {
  it.each<[string, JsonObject, string]>([
    ["of no kind", {}, "job"],
    ["of two kinds", { sql: { statement: INSERT }, jar: { path: "a" } }, "job"],
    ["of an unknown kind", { python: {} }, "job.python"],
    ["with a field too many", { sql: { statement: INSERT, more: 1 } }, "job.sql.more"],
    ["without a statement", { sql: {} }, "job.sql.statement"],
    ["in no time zone", { sql: { statement: INSERT, timezone: "Mars" } }, "job.sql.timezone"],
    [
      "that sets its own id",
      { sql: { statement: INSERT, flinkConfiguration: { "$internal.pipeline.job-id": "0" } } },
      "job.sql.flinkConfiguration",
    ],
    ["that is a query", { sql: { statement: "SELECT 1" } }, "job.sql.statement"],
    ["that hides in a comment", { sql: { statement: "/* INSERT */ DROP TABLE t" } }, "job.sql.statement"],
    ["that appends without saying so", { sql: { statement: "INSERT INTO t SELECT 1" } }, "job.sql.rerun"],
    [
      "with an unknown secret in its setup",
      { sql: { statement: INSERT, setup: ["SET 'a' = '{{secret.other}}'"] } },
      "job.sql.setup.0",
    ],
  ])("%s is refused", (_, job, field) => {
    expect(() => operator.validate(job)).toThrow(expect.objectContaining({ code: "JOB_INVALID", field }));
  });

  it.each<[string, JsonObject, RegExp[]]>([
    ["that replaces", { sql: { statement: INSERT } }, []],
    ["of SQL that appends", { sql: { statement: INSERT, rerun: "appends" } }, [/^job\.sql\.rerun is/]],
    [
      "of SQL without a bound, but in a comment",
      { sql: { statement: "INSERT OVERWRITE t SELECT 1 -- {{lower.date}}" } },
      [/^job\.sql\.statement names no bound/],
    ],
    [
      "whose bound is in a statement before",
      {
        sql: {
          prepare: ["ALTER TABLE t DROP PARTITION (d = '{{lower.date}}')"],
          statement: "INSERT OVERWRITE t SELECT 1",
        },
      },
      [],
    ],
    [
      "of a program that is told nothing",
      { jar: { path: "sync.jar", programArgs: ["{{groupId}}"], rerun: "appends" } },
      [/^job\.jar\.rerun is/, /^job\.jar\.programArgs names no bound/],
    ],
    [
      "of a program that is told",
      { jar: { path: "sync.jar", programArgs: ["--from", "{{lower.epochMs}}"] } },
      [],
    ],
  ])("%s has said of it what a person should know", (_, job, notes) => {
    expect(operator.notesOn(job)).toEqual(notes.map((note) => expect.stringMatching(note)));
  });

  it("can be typed, and is a schedule's all the same", () => {
    const source = { connector: "kafka", columns: { id: "INT" } };
    const job: FlinkJob = { sync: { source, sink: { connector: "blackhole" } } };
    const schedule: ScheduleInfo = { groupId: "orders", trigger: { type: "once" }, job };
    expect(() => operator.validate(schedule.job!)).not.toThrow();
  });

  it.each<[string, JsonObject]>([
    ["that overwrites", { sql: { statement: INSERT } }],
    ["after a comment", { sql: { statement: `-- daily\n${INSERT}` } }],
    ["that upserts", { sql: { statement: "INSERT INTO t SELECT 1", rerun: "upserts" } }],
    ["that replaces by a key", { sql: { statement: "INSERT INTO t SELECT 1", rerun: "replaces" } }],
    [
      "with several inserts in one",
      { sql: { statement: "EXECUTE STATEMENT SET BEGIN INSERT OVERWRITE a SELECT 1; END" } },
    ],
    [
      "with a known secret",
      { sql: { statement: INSERT, setup: ["CREATE TABLE s (a INT) WITH ('p' = '{{secret.password}}')"] } },
    ],
  ])("%s is accepted", (_, job) => {
    expect(() => operator.validate(job)).not.toThrow();
  });

  it("needs a gateway for SQL", () => {
    const bare = createFlinkOperator({ url: "http://127.0.0.1:9" });
    expect(() => bare.validate({ sql: { statement: INSERT } })).toThrow("gatewayUrl");
  });
});

describe("a jar", () => {
  it("is accepted in an allowed folder", () => {
    const programArgs = ["--from", "{{lower.epochMs}}", "--name={{groupId}}"];
    expect(() => operator.validate({ jar: { path: jar("jars/sync.jar"), programArgs } })).not.toThrow();
  });

  it.each([
    ["outside", "outside.jar", "outside the folders"],
    ["outside by dots", "jars/../outside.jar", "outside the folders"],
    ["outside by a link", "jars/link.jar", "outside the folders"],
    ["that is not there", "jars/none.jar", "there is no file"],
  ])("is refused %s", (_, path, problem) => {
    expect(() => operator.validate({ jar: { path: jar(path) } })).toThrow(
      expect.objectContaining({ field: "job.jar.path", message: expect.stringContaining(problem) }),
    );
  });

  it.each(["{{lower.moment}}", "{{secret.password}}"])("must not have the argument %s", (argument) => {
    const job = { jar: { path: jar("jars/sync.jar"), programArgs: ["a", argument] } };
    expect(() => operator.validate(job)).toThrow(expect.objectContaining({ field: "job.jar.programArgs.1" }));
  });
});

describe("a copy", () => {
  it.each<[string, JsonObject, JsonObject, string]>([
    ["from an unknown connector", { connector: "fax" }, { connector: "blackhole" }, "source.connector"],
    [
      "from files without a time",
      { connector: "filesystem" },
      { connector: "blackhole" },
      "source.timeColumn",
    ],
    [
      "from a table with a time of a type that its connector lacks",
      { connector: "jdbc", timeColumn: "at", timeType: "timestamptz" },
      { connector: "blackhole" },
      "source.timeType",
    ],
    [
      "from a table in parts of a column that is not its time",
      { connector: "jdbc", timeColumn: "at", options: { "scan.partition.column": "id" } },
      { connector: "blackhole" },
      "source.options.scan.partition.column",
    ],
    [
      "from a table in parts of a time that is no number",
      { connector: "jdbc", timeColumn: "at", options: { "scan.partition.column": "at" } },
      { connector: "blackhole" },
      "source.options.scan.partition.column",
    ],
    ["to an unknown connector", { connector: "kafka" }, { connector: "fax" }, "sink.connector"],
    ["to a topic that only appends", { connector: "kafka" }, { connector: "kafka" }, "sink.connector"],
    ["to a table without a key", { connector: "kafka" }, { connector: "jdbc" }, "sink.primaryKey"],
    [
      "with a bound in a table",
      { connector: "kafka", options: { a: "{{lower.date}}" } },
      { connector: "blackhole" },
      "source",
    ],
    ["to files without a path", { connector: "kafka" }, { connector: "filesystem" }, "sink.options.path"],
  ])("%s is refused with the reason", (_, source, sink, field) => {
    expect(() => operator.validate(copy(source, sink))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: `job.sync.${field}` }),
    );
  });

  it.each<[string, JsonObject, JsonObject]>([
    ["to a table with a key", { connector: "pulsar" }, { connector: "jdbc", primaryKey: ["id"] }],
    [
      "to a topic, where doubles are accepted",
      { connector: "kafka" },
      { connector: "kafka", rerun: "appends" },
    ],
    ["from a connector of the user's", { connector: "clicks", timeColumn: "t" }, { connector: "blackhole" }],
  ])("%s is accepted", (_, source, sink) => {
    expect(() => operator.validate(copy(source, sink))).not.toThrow();
  });
});

describe("the way in which a job writes", () => {
  const into = "INSERT INTO t SELECT 1";
  const identifier = "lake.shop.hourly";
  const ORDERS = { connector: "jdbc", timeColumn: "at" };

  it.each<[string, JsonObject, string | undefined, boolean]>([
    [
      "one folder of several",
      copy(ORDERS, { connector: "filesystem", options: { path: "/lake" } }),
      "replace",
      false,
    ],
    ["rows by key", copy(ORDERS, { connector: "jdbc", primaryKey: ["id"] }), "upsert", false],
    ["a topic by key", copy(ORDERS, { connector: "upsert-kafka", primaryKey: ["id"] }), "upsert", false],
    ["a topic", copy(ORDERS, { connector: "kafka", rerun: "appends" }), "append", false],
    ["what is overwritten", { sql: { statement: INSERT } }, "replace", false],
    ["what is inserted by a key", { sql: { statement: into, rerun: "replaces" } }, "upsert", false],
    ["what is said to be upserted", { sql: { statement: into, rerun: "upserts" } }, "upsert", false],
    ["what is appended", { sql: { statement: into, rerun: "appends" } }, "append", false],
    ["what only a program knows", { jar: { path: "sync.jar" } }, undefined, false],
    ["what a program is said to upsert", { jar: { path: "sync.jar", rerun: "upserts" } }, "upsert", false],
    ["one partition", { materializedTable: { identifier } }, "replace", false],
    ["a whole table", { materializedTable: { identifier, partition: {} } }, "replace", true],
  ])("to %s is known", (_, job, effect, replacesTarget) => {
    expect(operator.writesOf(job)).toBe(effect);
    expect(operator.replacesTarget(job)).toBe(replacesTarget);
  });
});

describe("the options", () => {
  it.each([
    [{ url: "flink:8081" }, "url"],
    [{ url: "http://user:password@flink" }, "url"],
    [{ url: "http://flink", jarFolders: ["/does/not/exist"] }, "jarFolders.0"],
    [{ url: "http://flink", pollIntervalMs: 1 }, "pollIntervalMs"],
    [{ url: "http://flink", more: 1 }, ""],
  ])("%j are refused", (options, field) => {
    expect(() => createFlinkOperator(options)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});

function jar(path: string): string {
  return join(folder, path);
}

function copy(source: JsonObject, sink: JsonObject): JsonObject {
  return { sync: { source: { columns: { id: "INT" }, ...source }, sink } };
}
