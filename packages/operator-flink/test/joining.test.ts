import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { createFlinkOperator } from "../src/index.js";
import { jobIdOf } from "../src/run/job-id.js";
import { aRequest, untroubled } from "./support/requests.js";

type State = "SUCCEEDED" | "FAILED" | "CANCELED" | "RUNNING";

let server: Server;
let operator: DefinedOperator;
let folder: string;
let request: OfflineJobRequest;
/** Of the jobs that the JobManager knows, by id. */
let states: Map<string, State>;

beforeEach(async () => {
  states = new Map();
  server = createServer(async (asked, response) => {
    const answer = await answerTo(asked);
    const isRefused = answer !== undefined && "errors" in answer;
    response.writeHead(answer === undefined ? 404 : isRefused ? 400 : 200).end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = mkdtempSync(join(tmpdir(), "tidegate-joining-"));
  const path = join(folder, "job.jar");
  writeFileSync(path, "a program");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  operator = createFlinkOperator({ url, jarFolders: [folder] });
  request = aRequest({ jar: { path, rerun: "appends" } });
});

afterEach(async () => {
  await operator.stop();
  server.close();
  rmSync(folder, { recursive: true });
});

/** A JobManager as far as it is asked here; the jobs that it takes run. */
async function answerTo(asked: IncomingMessage): Promise<object | undefined> {
  const [, collection, id, what] = asked.url!.split("/");
  if (collection === "jars" && id === undefined) return { files: [] };
  if (collection === "jars" && id === "upload") return { filename: "/uploads/job.jar" };
  if (collection === "jars") {
    const { jobId } = JSON.parse(await text(asked)) as { jobId: string };
    if (states.has(jobId))
      return { errors: ["a.DuplicateJobSubmissionException: Job has already been submitted."] };
    states.set(jobId, "RUNNING");
    return { jobid: jobId };
  }
  const state = states.get(id!);
  if (what !== "execution-result" || state === undefined) return undefined;
  if (state === "RUNNING") return { status: { id: "IN_PROGRESS" } };
  return { status: { id: "COMPLETED" }, "job-execution-result": { "application-status": state } };
}

/** The n-th of the run's jobs. */
const job = (n: number): string => jobIdOf(request.idempotencyKey, n);

/** Which of the run's jobs an attempt gets. */
async function jobOf(attempt: number): Promise<number> {
  const { jobId } = await operator.submit({ ...request, attempt }, untroubled());
  return [1, 2, 3].findIndex((n) => job(n) === jobId) + 1;
}

describe("the next attempt", () => {
  it.each<[string, readonly (State | undefined)[], number]>([
    ["joins a job that runs", ["RUNNING"], 1],
    ["joins a job that came in late and has succeeded", ["SUCCEEDED"], 1],
    ["has a job of its own after one that failed", ["FAILED"], 2],
    ["has a job of its own after one that was cancelled", ["CANCELED"], 2],
    ["takes the id of a job that Flink does not know", [undefined], 1],
    ["joins a job that runs rather than take an id before it", [undefined, "RUNNING"], 2],
    ["joins a job that has succeeded rather than take an id before it", [undefined, "SUCCEEDED"], 2],
    ["takes an unknown id rather than a later one", [undefined, "FAILED"], 1],
  ])("%s", async (_, earlier, expected) => {
    for (const [index, state] of earlier.entries()) {
      if (state !== undefined) states.set(job(index + 1), state);
    }
    const known = states.size;
    expect(await jobOf(earlier.length + 1)).toBe(expected);
    const isJoined = earlier[expected - 1] !== undefined;
    expect(states.size).toBe(isJoined ? known : known + 1);
  });

  it.each<[string, readonly State[], number]>([
    ["has a job of its own after those that failed", ["FAILED", "CANCELED"], 3],
    ["joins one that runs", ["FAILED", "RUNNING"], 2],
    ["joins one that has succeeded", ["FAILED", "SUCCEEDED"], 2],
  ])("after a retry by hand, which is a first one again, %s", async (_, earlier, expected) => {
    for (const [index, state] of earlier.entries()) states.set(job(index + 1), state);
    expect(await jobOf(1)).toBe(expected);
    expect(states.size).toBe(Math.max(expected, earlier.length));
  });

  it("tells the end of a job that had succeeded", async () => {
    states.set(job(1), "SUCCEEDED");
    const next = { ...request, attempt: 2 };
    const { jobId } = await operator.submit(next, untroubled());
    expect(await operator.wait(jobId, next, untroubled())).toMatchObject({ state: "SUCCEEDED" });
  });
});
