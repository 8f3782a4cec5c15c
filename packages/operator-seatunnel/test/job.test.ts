import { describe, expect, it } from "@jest/globals";
import type { JsonObject, ScheduleInfo } from "@tidegate/core";
import { parseJob } from "@tidegate/operator-kit";
import { aRequest } from "@tidegate/testkit";
import { createSeaTunnelOperator, type SeaTunnelJob, type SinkRule } from "../src/index.js";
import { checkedJob, configOf } from "../src/job/checked-job.js";
import { jobSchema } from "../src/job/job-schema.js";

const SOURCE = [{ plugin_name: "Jdbc", query: "select * from t where ts >= '{{lower.timestamp}}'" }];
const CONSOLE = [{ plugin_name: "Console" }];
const JOB: JsonObject = { source: SOURCE, sink: CONSOLE };

const parsed = (job: JsonObject, sinks: Record<string, SinkRule> = {}) =>
  checkedJob(parseJob(jobSchema, job), { sinks });

function refusalOf(job: JsonObject, rules: Record<string, SinkRule> = {}): unknown {
  try {
    return parsed(job, rules);
  } catch (error) {
    return error;
  }
}

describe("a job", () => {
  it.each<[string, JsonObject]>([
    ["job.source", { sink: CONSOLE }],
    ["job.source", { ...JOB, source: [] }],
    ["job.sink", { source: SOURCE }],
    ["job.sink.0.plugin_name", { ...JOB, sink: [{}] }],
    ["job.env.job.mode", { ...JOB, env: { "job.mode": "STREAMING" } }],
    ["job.env.job.mode", { ...JOB, env: { "job.mode": "{{groupId}}" } }],
    ["job.env.job", { ...JOB, env: { job: { mode: "STREAMING" } } }],
    ["job.env.job.name", { ...JOB, env: { "job.name": "mine" } }],
    ["job.timezone", { ...JOB, timezone: "Mars/Olympus" }],
    ["job.deadlineMs", { ...JOB, deadlineMs: 10 }],
    ["job.rerun", { ...JOB, rerun: "maybe" }],
    ["job.sinks", { ...JOB, sinks: [] }],
    ["job.source.0.query", { ...JOB, source: [{ plugin_name: "Jdbc", query: "{{lower.timestmp}}" }] }],
    ["job.transform.0.query", { ...JOB, transform: [{ plugin_name: "Sql", query: "{{x}}" }] }],
    ["job.source", { ...JOB, source: [{ plugin_name: "Jdbc", query: "select * from t" }] }],
  ])("is refused for its %s", (field, job) => {
    expect(refusalOf(job)).toMatchObject({ name: "OperatorError", code: "JOB_INVALID", field });
  });

  it("is a batch job, whatever its env leaves out", () => {
    const job = { ...JOB, env: { parallelism: 2 } };
    expect(configOf(parsed(job).job, aRequest(job))).toEqual({
      env: { parallelism: 2, "job.mode": "BATCH" },
      source: [{ plugin_name: "Jdbc", query: "select * from t where ts >= '2026-01-01 00:00:00'" }],
      transform: [],
      sink: CONSOLE,
    });
  });

  it("reads everything up to its end in mode full", () => {
    const request = aRequest(JOB, { mode: "full", lowerBound: "beginning" });
    const { source } = configOf(parsed(JOB).job, request);
    expect(source).toEqual([
      expect.objectContaining({ query: expect.stringContaining("'0001-01-01 00:00:00'") }),
    ]);
  });
});

const FILE = {
  plugin_name: "LocalFile",
  path: "/lake",
  custom_filename: true,
  file_name_expression: "part-{{lower.epochMs}}",
  is_enable_transaction: false,
};

it("can be typed, and is a schedule's all the same", () => {
  const job: SeaTunnelJob = {
    source: [{ plugin_name: "FakeSource", "row.num": "{{lower.epochS}}" }],
    sink: CONSOLE,
  };
  const schedule: ScheduleInfo = { groupId: "orders", trigger: { type: "once" }, job };
  expect(parsed(schedule.job!).rerun).toBe("replaces");
});

describe("sinks", () => {
  it.each<[string, JsonObject, string?]>([
    ["a file of the interval's name", FILE],
    [
      "a file in a folder of the interval",
      { ...FILE, path: "/lake/{{lower.date}}", file_name_expression: "part" },
    ],
    ["rows with keys", { plugin_name: "Jdbc", primary_keys: ["id"] }, "upserts"],
    [
      "rows that are deleted before",
      {
        plugin_name: "jdbc",
        data_save_mode: "CUSTOM_PROCESSING",
        custom_sql: "delete from t where ts >= '{{lower.timestamp}}' and ts < '{{upper.timestamp}}'",
      },
    ],
    ["documents with keys", { plugin_name: "Elasticsearch", primary_keys: ["id"] }, "upserts"],
    [
      "documents that are updated",
      { plugin_name: "MongoDB", "upsert-enable": true, "primary-key": ["id"] },
      "upserts",
    ],
    ["values of keys", { plugin_name: "Redis", data_type: "key" }, "upserts"],
  ])("replace %s", (_, sink, rerun = "replaces") => {
    expect(refusalOf({ ...JOB, sink: [sink] })).toMatchObject({ rerun });
    expect(refusalOf({ ...JOB, sink: [sink, FILE] })).toMatchObject({ rerun: "replaces" });
  });

  it.each<[string, JsonObject]>([
    ["files of new names", { plugin_name: "LocalFile", path: "/lake" }],
    ["files that are named by transaction", { ...FILE, is_enable_transaction: true }],
    ["files that are named by time", { ...FILE, file_name_expression: `{{lower.epochMs}}-\${now}` }],
    ["files that all intervals share", { ...FILE, file_name_expression: "part" }],
    ["files that several writers share", { ...FILE, parallelism: 2 }],
    ["rows", { plugin_name: "Jdbc", query: "insert into t values (?)" }],
    ["rows without upsert", { plugin_name: "Jdbc", primary_keys: ["id"], enable_upsert: false }],
    ["documents", { plugin_name: "MongoDB" }],
    ["messages", { plugin_name: "Kafka" }],
    ["lists", { plugin_name: "Redis", data_type: "list" }],
    ["what nobody knows", { plugin_name: "Homemade" }],
  ])("are refused that add %s, unless the job says what it accepts", (_, sink) => {
    const job = { ...JOB, sink: [...CONSOLE, sink] };
    expect(refusalOf(job)).toMatchObject({ code: "JOB_INVALID", field: "job.sink.1" });
    expect(parsed({ ...job, rerun: "appends" }).rerun).toBe("appends");
    const operator = createSeaTunnelOperator({ url: "http://127.0.0.1:5801" });
    expect(operator.notesOn({ ...job, rerun: "appends" })).toEqual([expect.stringMatching(/^job\.rerun is/)]);
    expect(operator.notesOn({ ...job, rerun: "replaces" })).toEqual([]);
    expect(parsed({ ...job, rerun: "replaces" }).rerun).toBe("replaces");
  });

  it("may be known to the user alone", () => {
    const rules: Record<string, SinkRule> = {
      homemade: ({ mode }) => (mode === "overwrite" ? "replaces" : { appends: "give mode: overwrite" }),
    };
    const job = (mode: string) => ({ ...JOB, sink: [{ plugin_name: "Homemade", mode }] });
    expect(refusalOf(job("overwrite"), rules)).toMatchObject({ rerun: "replaces" });
    expect(refusalOf(job("add"), rules)).toMatchObject({ message: expect.stringContaining("give mode") });
  });
});
