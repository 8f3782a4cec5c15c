import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { z } from "zod";
import { defineOperator, invalidJob } from "../src/index.js";

const REQUEST: OfflineJobRequest = {
  groupId: "orders",
  boundaryType: "TIME",
  lowerBound: "0",
  upperBound: "3600000",
  runId: "r1",
  idempotencyKey: "k1",
  attempt: 1,
  scheduledTime: 3_600_000,
  kind: "SCHEDULED",
  mode: "incremental",
  job: { query: "select 1" },
};

const jobSchema = z.strictObject({
  query: z.string().min(1),
  tags: z.array(z.string()).default([]),
});

/** An operator that only records what it was asked, and how often its job was prepared. */
function anOperator() {
  const asked: unknown[] = [];
  const operator = defineOperator({
    type: "mine",
    jobSchema,
    prepare: (job) => {
      asked.push("prepare");
      if (job.query === "drop") throw invalidJob("job.query", "must not drop");
      return { statement: job.query.toUpperCase(), tags: job.tags };
    },
    check: ({ statement }) => {
      if (statement === "FORBIDDEN") throw invalidJob("job.query", "is not allowed here");
    },
    notes: ({ tags }) => tags.map((tag) => `job.tags: ${tag}.`),
    canFind: ({ tags }) => tags.length === 0,
    writes: ({ tags }) => (tags.length === 0 ? "replace" : undefined),
    replacesTarget: ({ tags }) => tags.length === 0,
    submit: async ({ request, job }) => {
      asked.push(["submit", request.idempotencyKey, job.statement]);
      return { jobId: "j1" };
    },
    find: async ({ request, job }) => {
      asked.push(["find", request.idempotencyKey, job.statement]);
      return undefined;
    },
    wait: async (jobId, { job }) => {
      asked.push(["wait", jobId, job.statement]);
      return { state: "SUCCEEDED" };
    },
    cancel: async (jobId, { job }) => {
      asked.push(["cancel", jobId, job.statement]);
    },
  });
  return { operator, asked };
}

const context = { signal: new AbortController().signal };

describe("a defined operator", () => {
  it("gives its parsed job to every call, and parses it once", async () => {
    const { operator, asked } = anOperator();
    operator.validate(REQUEST.job);
    await operator.submit(REQUEST, context);
    await operator.wait("j1", REQUEST, context);
    await operator.cancel("j1", REQUEST);
    await operator.find("another", REQUEST);
    expect(asked).toEqual([
      "prepare",
      ["submit", "k1", "SELECT 1"],
      ["wait", "j1", "SELECT 1"],
      ["cancel", "j1", "SELECT 1"],
      ["find", "another", "SELECT 1"],
    ]);
  });

  it.each<[string, JsonObject, string]>([
    ["a field of the wrong type", { query: 1 }, "job.query"],
    ["a missing field", {}, "job.query"],
    ["an unknown field, by its own name", { query: "a", tag: "b" }, "job.tag"],
    ["a part of a field", { query: "a", tags: ["b", 1] }, "job.tags.1"],
    ["what only its own rules refuse", { query: "drop" }, "job.query"],
  ])("refuses %s with its path", async (_, job, field) => {
    const { operator } = anOperator();
    const refusal = expect.objectContaining({ name: "OperatorError", code: "JOB_INVALID", field });
    expect(() => operator.validate(job)).toThrow(refusal);
    await expect(operator.submit({ ...REQUEST, job }, context)).rejects.toThrow(refusal);
    await expect(operator.find("k1", { ...REQUEST, job })).rejects.toThrow(refusal);
  });

  it("asks at registration and at submission whether a job is allowed, and never of a job that is there", async () => {
    const { operator } = anOperator();
    const request = { ...REQUEST, job: { query: "forbidden" } };
    expect(() => operator.validate(request.job)).toThrow("is not allowed here");
    await expect(operator.submit(request, context)).rejects.toThrow("is not allowed here");
    await expect(operator.wait("j1", request, context)).resolves.toEqual({ state: "SUCCEEDED" });
    await expect(operator.cancel("j1", request)).resolves.toBeUndefined();
  });

  it("has notes on a job, and says whether it can be looked up", () => {
    const { operator } = anOperator();
    expect(operator.notesOn({ query: "a", tags: ["late"] })).toEqual(["job.tags: late."]);
    expect(operator.canFind({ query: "a", tags: ["late"] })).toBe(false);
    expect(operator.canFind({ query: "a" })).toBe(true);
    expect(operator.writesOf({ query: "a", tags: ["late"] })).toBeUndefined();
    expect(operator.writesOf({ query: "a" })).toBe("replace");
    expect(operator.replacesTarget({ query: "a", tags: ["late"] })).toBe(false);
    expect(operator.replacesTarget({ query: "a" })).toBe(true);
  });

  it("describes its job as a JSON schema, in which defaults need not be given", () => {
    expect(anOperator().operator.describeJob()).toMatchObject({
      type: "object",
      required: ["query"],
      additionalProperties: false,
      properties: { query: { type: "string", minLength: 1 }, tags: { type: "array" } },
    });
  });

  it("works with the job as it is where nothing is to be prepared", async () => {
    const operator = defineOperator({
      type: "plain",
      jobSchema,
      submit: async ({ job }) => ({ jobId: job.query }),
      find: async () => undefined,
      wait: async () => ({ state: "SUCCEEDED" }),
      cancel: async () => undefined,
    });
    expect(await operator.submit(REQUEST, context)).toEqual({ jobId: "select 1" });
    expect(operator.notesOn(REQUEST.job)).toEqual([]);
    await expect(Promise.all([operator.start(), operator.stop()])).resolves.toBeDefined();
  });
});
