import { describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import { aRequest, untroubled } from "@tidegate/testkit";
import { rejectionOf, useOperators } from "./bed/operators.js";
import { useServices } from "./bed/service.js";

const startService = useServices();
const anOperator = useOperators();

async function refusedWith(status: number, headers: Record<string, string> = {}, body: unknown = "") {
  const service = await startService((_, reply) => reply.code(status).headers(headers).send(body));
  return rejectionOf(anOperator().submit(aRequest({ url: service.url, completion: "poll" }), untroubled()));
}

describe("a submission that is refused", () => {
  it.each([400, 404, 405, 413, 415, 422])(
    "is the job's fault with %i: it is not tried again",
    async (status) => {
      const error = await refusedWith(status);
      expect(error).toBeInstanceOf(OperatorError);
      expect(error).toMatchObject({ code: "JOB_INVALID", field: "job.url" });
    },
  );

  it.each([401, 403, 408, 425, 429])("was not taken with %i, and may be later", async (status) => {
    const error = await refusedWith(status);
    expect(error).toBeInstanceOf(OperatorError);
    expect(error).toMatchObject({ code: "JOB_FAILED", field: "job.url" });
  });

  it.each([409, 500, 502, 503, 504])("leaves open with %i whether it was taken", async (status) => {
    const error = await refusedWith(status);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain(String(status));
  });

  it.each([
    ["120", "to be tried again in 120 s"],
    [new Date(Date.now() + 3_600_000).toUTCString(), "to be tried again in 3"],
  ])("passes on Retry-After: %s", async (value, hint) => {
    expect((await refusedWith(429, { "retry-after": value })) as Error).toMatchObject({
      message: expect.stringContaining(hint),
    });
  });

  it("tells the service's own reason, on one line", async () => {
    const error = await refusedWith(
      422,
      {},
      { error: { code: "NO_TABLE", message: "no table\n\u001b[31morders" } },
    );
    expect((error as Error).message).toContain("no table [31morders");
  });

  it("never repeats a body that is not of the protocol", async () => {
    const error = await refusedWith(500, {}, "<html>stack trace</html>");
    expect((error as Error).message).not.toContain("stack trace");
  });

  it.each([301, 302, 303, 307, 308])("does not follow a redirect (%i)", async (status) => {
    const target = await startService(() => ({}));
    const error = await refusedWith(status, { location: `${target.url}/elsewhere` });
    expect(error).toMatchObject({ code: "JOB_INVALID", field: "job.url" });
    expect(target.connections()).toBe(0);
  });
});

describe("an answer that breaks the protocol", () => {
  it.each([
    ["not JSON", "<html>Log in</html>", "is not JSON"],
    ["an array", "[]", "must be a JSON object"],
    ["an unknown state", '{"state":"DONE"}', "has a bad state"],
    ["a negative count", '{"metrics":{"rowsDirty":-1}}', "has a bad metrics.rowsDirty"],
    ["a count that is not whole", '{"metrics":{"rowsRead":1.5}}', "has a bad metrics.rowsRead"],
    ["a count as text", '{"metrics":{"rowsRead":"7"}}', "has a bad metrics.rowsRead"],
    ["an id that climbs", '{"jobId":".."}', "has a bad jobId"],
    ["an id with spaces", '{"jobId":"a b"}', "has a bad jobId"],
    ["a status address elsewhere", '{"statusUrl":"https://evil.example/"}', "has a bad statusUrl"],
    ["an address that is a script", '{"address":"javascript:alert(1)"}', "has a bad address"],
  ])("with %s leaves open what became of the job", async (_, body, problem) => {
    const service = await startService((__, reply) => reply.type("application/json").send(body));
    const submission = anOperator().submit(aRequest({ url: service.url, completion: "poll" }), untroubled());
    const error = await rejectionOf(submission);
    expect(error).not.toBeInstanceOf(OperatorError);
    expect((error as Error).message).toContain(problem);
  });

  it("gains nothing from keys that would reach a prototype", async () => {
    const body =
      '{"__proto__":{"state":"FAILED","jobId":"x"},"constructor":{"prototype":{"state":"FAILED"}}}';
    const service = await startService((_, reply) => reply.type("application/json").send(body));
    const request = aRequest({ url: service.url, completion: "response" });
    const job = await anOperator().submit(request, untroubled());
    expect(job).toEqual({ jobId: request.idempotencyKey, outcome: { state: "SUCCEEDED" } });
    expect(({} as Record<string, unknown>).state).toBeUndefined();
  });

  it("takes null for absent, and keys that it does not know for nothing", async () => {
    const body = {
      jobId: 17,
      metrics: { rowsRead: 3, rowsDirty: null, rowsOdd: "x" },
      error: null,
      more: [1],
    };
    const service = await startService(() => body);
    const job = await anOperator().submit(
      aRequest({ url: service.url, completion: "response" }),
      untroubled(),
    );
    expect(job).toEqual({ jobId: "17", outcome: { state: "SUCCEEDED", metrics: { rowsRead: 3 } } });
  });
});
