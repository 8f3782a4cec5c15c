import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { createFlinkOperator } from "../src/index.js";
import { exceptionsText, type JobExceptions } from "../src/rest/exceptions.js";
import { jobIdOf } from "../src/run/job-id.js";
import { aRequest, untroubled } from "./support/requests.js";

/** As Flink answers: newest first, with what a connector was given. */
const EXCEPTIONS: JobExceptions = {
  exceptionHistory: {
    entries: [
      {
        stacktrace: "a.JobException: no more restarts\nCaused by: b.IOException: key s3cret!! refused\n",
        timestamp: 1_767_225_660_000,
        taskName: null,
        endpoint: null,
        concurrentExceptions: [],
      },
      {
        stacktrace: "b.IOException: gone\n\tat b.Reader.read(Reader.java:1)\n",
        timestamp: 1_767_225_600_000,
        taskName: "Source: orders (1/2)",
        endpoint: "worker-1:40123",
        concurrentExceptions: [
          { stacktrace: "b.IOException: gone too", timestamp: 1_767_225_600_500, taskName: "Sink (1/1)" },
        ],
      },
    ],
  },
};

const LINES = [
  "2026-01-01T00:00:00.000Z Source: orders (1/2) on worker-1:40123",
  "b.IOException: gone",
  "\tat b.Reader.read(Reader.java:1)",
  "2026-01-01T00:00:00.500Z Sink (1/1)",
  "b.IOException: gone too",
  "2026-01-01T00:01:00.000Z The job",
  "a.JobException: no more restarts",
  "Caused by: b.IOException: key [redacted] refused",
];

const JOB = {
  sql: {
    setup: ["CREATE TEMPORARY TABLE t (a INT) WITH ('key' = '{{secret.key}}')"],
    statement: "INSERT OVERWRITE t SELECT CAST({{lower.epochMs}} AS INT)",
  },
};

let server: Server;
let operator: DefinedOperator;
let state: "RUNNING" | "FAILED" | "FINISHED";
/** Paths of single jobs that were asked for. */
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer(({ url }, response) => {
    const answer = answerTo(url!);
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer ?? { errors: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  operator = createFlinkOperator({ url, gatewayUrl: url, secrets: { key: "s3cret!!" } });
});

afterEach(async () => {
  await operator.stop();
  server.close();
});

const request = aRequest(JOB);
const jobId = jobIdOf(request.idempotencyKey, 1);

function answerTo(path: string): object | undefined {
  if (path === "/jobs") return { jobs: [{ id: jobId, status: state }] };
  const [, , id, what = "details"] = path.split("/");
  asked.push(what);
  if (id !== jobId) return undefined;
  if (what === "exceptions") return EXCEPTIONS;
  if (what !== "execution-result") return undefined;
  const trace = { "stack-trace": "a.JobException: no more restarts" };
  return {
    status: { id: "COMPLETED" },
    "job-execution-result": { "application-status": "FAILED", "failure-cause": trace },
  };
}

describe("the log of a job", () => {
  it("is its exceptions, oldest first, with the task and the place of each", () => {
    expect(exceptionsText(EXCEPTIONS).split("\n").slice(0, 5)).toEqual(LINES.slice(0, 5));
    expect(exceptionsText({ exceptionHistory: { entries: [] } })).toBe("");
  });

  it("comes with the end of a job that has failed, without secrets", async () => {
    state = "FAILED";
    const { log } = await operator.wait(jobId, request, untroubled());
    expect(log).toEqual({ lines: LINES, first: 0 });
  });

  it("is not asked for if the job has succeeded", async () => {
    state = "FINISHED";
    expect(await operator.wait(jobId, request, untroubled())).toEqual({ state: "SUCCEEDED" });
    expect(asked).not.toContain("exceptions");
  });

  it("is shown while the job runs, from a line on", async () => {
    state = "RUNNING";
    const shown = await operator.logs!(jobId, request, { ...untroubled(), after: 5 });
    expect(shown).toEqual({ lines: LINES.slice(5), first: 5 });
  });

  it.each(["nobody", "0".repeat(32)])("is empty for a job that Flink does not know: %s", async (unknown) => {
    expect(await operator.logs!(unknown, request, { ...untroubled(), after: 0 })).toMatchObject({
      lines: [],
    });
  });
});
