import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { checkedJob } from "../src/job/checked-job.js";
import { jobName, jobsOf } from "../src/job-name.js";
import { failureCause } from "../src/outcome/failure-cause.js";
import { outcomeOf } from "../src/outcome/outcome.js";
import { redaction, withhold } from "../src/outcome/redaction.js";
import { parseExactJson } from "../src/rest/exact-json.js";
import { jobIdIn } from "../src/rest/listed-job.js";

const SOURCE = { plugin_name: "Jdbc", query: "{{lower.epochMs}}", password: "hunter22" };
const REDACT = redaction([SOURCE], new Map([["db", "s3same"]]));
const CHECKED = checkedJob({ source: [SOURCE], sink: [{ plugin_name: "Console" }] });

const listed = (jobStatus: string, more: object = {}) => ({
  jobId: "1",
  jobName: "tidegate-k-1",
  jobStatus,
  metrics: {},
  ...more,
});

const TRACE = `org.apache.FileException: Read data failed
\tat org.apache.Reader.pollNext(Reader.java:85)
Caused by: java.lang.RuntimeException: wrapped
\tat org.apache.Sql.run(Sql.java:1)
\t... 12 more
Caused by: java.lang.IllegalArgumentException: can't find field [x]
\tat org.apache.Row.indexOf(Row.java:82)
`;

describe("how a job came out", () => {
  it.each([
    ["FINISHED", "SUCCEEDED"],
    ["FAILED", "FAILED"],
    ["CANCELED", "CANCELLED"],
  ])("%s is %s", (status, state) => {
    expect(outcomeOf(listed(status), CHECKED, REDACT).state).toBe(state);
  });

  it("is lost where SeaTunnel does not know either", () => {
    expect(outcomeOf(listed("UNKNOWABLE"), CHECKED, REDACT)).toMatchObject({
      state: "FAILED",
      error: { code: "JOB_LOST" },
    });
  });

  it("has SeaTunnel's figures, and none that are not numbers", () => {
    const metrics = { SourceReceivedCount: "12", SinkWriteCount: 10 };
    expect(outcomeOf(listed("FINISHED", { metrics }), CHECKED, REDACT).metrics).toEqual({
      rowsRead: 12,
      rowsWritten: 10,
    });
    const odd = { SourceReceivedCount: "many", SinkWriteCount: "-1" };
    expect(outcomeOf(listed("FINISHED", { metrics: odd }), CHECKED, REDACT)).toEqual({ state: "SUCCEEDED" });
  });

  it("says why without a credential of the job or a secret", () => {
    const errorMsg = "java.sql.SQLException: jdbc:mysql://s3same@h/d?password=hunter22 refused";
    const { error } = outcomeOf(listed("FAILED", { errorMsg }), CHECKED, REDACT);
    expect(error?.message).toBe("SQLException: jdbc:mysql://[redacted]@h/d?password=[redacted] refused");
  });
});

describe("the log of a job", () => {
  it("is the stack trace of its failure, without a credential of the job or a secret", () => {
    const errorMsg = `${TRACE}Caused by: java.sql.SQLException: password=hunter22\n`;
    const { log } = outcomeOf(listed("FAILED", { errorMsg }), CHECKED, REDACT);
    expect(log).toEqual({
      lines: [...TRACE.trimEnd().split("\n"), "Caused by: java.sql.SQLException: password=[redacted]"],
      first: 0,
    });
  });

  it.each([
    ["it has succeeded", "FINISHED", null, REDACT],
    ["SeaTunnel did not say why it has failed", "FAILED", "", REDACT],
    ["the secrets that it might repeat cannot be read", "FAILED", TRACE, withhold],
  ])("is empty if %s", (_, status, errorMsg, redact) => {
    expect(outcomeOf(listed(status, { errorMsg }), CHECKED, redact)).not.toHaveProperty("log");
  });
});

describe("a cause of failure", () => {
  it("is the innermost, and what it led to, without the trace", () => {
    expect(failureCause(TRACE)).toBe(
      "IllegalArgumentException: can't find field [x]; in FileException: Read data failed",
    );
  });

  it("is one line of limited length", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 3_000 }), (text) => {
        const cause = failureCause(text);
        expect(cause).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(cause.length).toBeLessThanOrEqual(1_010);
      }),
    );
  });
});

describe("job ids", () => {
  it("keep all their digits, quoted or not", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (id) => {
        expect(jobIdIn(parseExactJson(`{"jobId":${id},"jobName":"a"}`))).toBe(String(id));
        expect(jobIdIn(parseExactJson(`{"jobId":"${id}","jobName":"a"}`))).toBe(String(id));
      }),
    );
  });

  it("are needed", () => {
    for (const answer of ["{}", '{"jobId":""}', '{"jobId":"1;x"}', '{"jobId":-1}', "[]", "null"]) {
      expect(() => jobIdIn(parseExactJson(answer))).toThrow("is not a job id");
    }
  });
});

describe("a job's name", () => {
  it("leads from a run to the jobs of its attempts, the latest first", () => {
    const names = [
      "tidegate-ab-1",
      "tidegate-ab-10",
      "tidegate-ab-2",
      "tidegate-abc-1",
      "tidegate-ab-x",
      "ab-1",
    ];
    const jobs = names.map((name) => listed("FINISHED", { jobName: name })).map((job) => ({ ...job }));
    expect(jobsOf("ab", jobs).map((job) => job.jobName)).toEqual([
      "tidegate-ab-10",
      "tidegate-ab-2",
      "tidegate-ab-1",
    ]);
    expect(jobName("ab", 2)).toBe("tidegate-ab-2");
  });
});
