import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { aRequest, untroubled } from "@tidegate/testkit";
import { createSeaTunnelOperator } from "../src/index.js";
import { rejectionOf } from "./support/jobs.js";

const JOB = {
  source: [{ plugin_name: "FakeSource", plugin_output: "rows", "row.num": "{{lower.epochS}}" }],
  sink: [{ plugin_name: "Console", plugin_input: ["rows"] }],
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A gateway before a cluster that has no jobs: it turns away what goes to `busy`. */
async function refusedAt(busy: string, status: number) {
  const asked: string[] = [];
  const server = createServer((request, response: ServerResponse) => {
    const [path = ""] = (request.url ?? "").split("?");
    asked.push(path);
    if (path === busy) response.writeHead(status, { "retry-after": "60" });
    response.end("[]");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const operator = createSeaTunnelOperator({ url, api: "v2" });
  closers.push(() => operator.stop());
  const error = await rejectionOf(operator.submit(aRequest(JOB), untroubled()));
  return { error, asked };
}

describe("a cluster that asks for a wait", () => {
  it.each([429, 503])("gets it, and one submission until then (%i)", async (status) => {
    const { error, asked } = await refusedAt("/submit-job", status);
    expect(error).toMatchObject({ retryAfterMs: 60_000 });
    expect(asked.filter((path) => path === "/submit-job")).toHaveLength(1);
  });

  it("gets it before anything is submitted, too", async () => {
    const { error, asked } = await refusedAt("/running-jobs", 503);
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", retryAfterMs: 60_000 });
    expect(asked).toEqual(["/running-jobs"]);
  });
});
