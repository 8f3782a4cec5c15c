import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { createFlinkOperator } from "../src/index.js";
import { aRequest, untroubled } from "./support/requests.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A gateway before a JobManager that has no jobs: it turns submissions away, and questions as well where it is told to. */
async function refusedWith(status: number, { turnsQuestionsAway = false } = {}) {
  const asked: string[] = [];
  const server = createServer(({ method, url = "" }, response) => {
    asked.push(`${method} ${url}`);
    const isSubmission = url.endsWith("/run");
    const isQuestion = url.endsWith("/execution-result");
    if (isSubmission || (isQuestion && turnsQuestionsAway))
      response.writeHead(status, { "retry-after": "60" });
    else if (isQuestion) response.writeHead(404);
    response.end(JSON.stringify({ files: [], filename: "/uploads/job.jar" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const folder = mkdtempSync(join(tmpdir(), "tidegate-busy-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "job.jar");
  writeFileSync(path, "a program");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const operator = createFlinkOperator({ url, jarFolders: [folder] });
  closers.push(() => operator.stop());
  const request = aRequest({ jar: { path, rerun: "appends" } });
  const error: unknown = await operator.submit(request, untroubled()).catch((thrown: unknown) => thrown);
  return { error, submissions: asked.filter((each) => each.endsWith("/run")) };
}

describe("a Flink that asks for a wait", () => {
  it.each([429, 503])("gets it, where it has not taken the job (%i)", async (status) => {
    const { error, submissions } = await refusedWith(status);
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", retryAfterMs: 60_000 });
    expect(submissions).toHaveLength(1);
  });

  it("gets it, where it may have taken the job", async () => {
    const { error, submissions } = await refusedWith(503, { turnsQuestionsAway: true });
    expect(error).not.toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ message: expect.stringContaining("is not known"), retryAfterMs: 60_000 });
    expect(submissions).toHaveLength(1);
  });
});
