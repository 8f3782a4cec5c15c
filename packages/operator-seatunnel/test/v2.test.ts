import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { DefinedOperator } from "@tidegate/operator-kit";
import { aRequest, untroubled } from "@tidegate/testkit";
import { createSeaTunnelOperator, type SeaTunnelOperatorOptions } from "../src/index.js";
import { rejectionOf } from "./support/jobs.js";
import { type StandInOptions, V2StandIn } from "./support/v2-stand-in.js";

const JOB = {
  env: { parallelism: 1 },
  source: [{ plugin_name: "FakeSource", plugin_output: "rows", "row.num": "{{lower.epochS}}" }],
  sink: [{ plugin_name: "Console", plugin_input: ["rows"] }],
};

const ADMIN = { username: "admin", password: "a password" };

const open: { close(): Promise<void> }[] = [];
let cluster: V2StandIn;

async function aCluster(options: StandInOptions = {}): Promise<V2StandIn> {
  const standIn = await V2StandIn.start(options);
  open.push(standIn);
  return standIn;
}

function anOperator(options: Partial<SeaTunnelOperatorOptions> = {}): DefinedOperator {
  const operator = createSeaTunnelOperator({ url: cluster.url, pollIntervalMs: 100, ...options });
  open.push({ close: () => operator.stop() });
  return operator;
}

beforeEach(async () => {
  cluster = await aCluster();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

describe("REST v2, of which there is a stand-in only", () => {
  it("is found out, and asked for nothing that it has not", async () => {
    const operator = anOperator();
    const { jobId, address } = await operator.submit(aRequest(JOB), untroubled());
    expect(jobId).toBe("1176320312615108609");
    expect(address).toBe(`${cluster.url}/job-info/1176320312615108609`);
    const end = operator.wait(jobId, aRequest(JOB), untroubled());
    cluster.end(jobId, "FINISHED");
    expect(await end).toEqual({ state: "SUCCEEDED", metrics: { rowsRead: 7, rowsWritten: 5 } });
    expect(await operator.find(aRequest(JOB).idempotencyKey, aRequest(JOB))).toMatchObject({
      jobId,
      outcome: { state: "SUCCEEDED" },
    });
    expect(cluster.configs).toEqual([
      {
        env: {
          parallelism: 1,
          "job.mode": "BATCH",
          "tidegate.submitted-at": expect.stringMatching(/^\d{13}$/),
        },
        source: [{ plugin_name: "FakeSource", plugin_output: "rows", "row.num": 1_767_225_600 }],
        transform: [],
        sink: JOB.sink,
      },
    ]);
    expect(cluster.complaints).toEqual([]);
  });

  it("stops a job by all the digits of its id", async () => {
    const operator = anOperator();
    const first = await operator.submit(aRequest(JOB), untroubled());
    const second = await operator.submit(aRequest(JOB, { idempotencyKey: "other" }), untroubled());
    await operator.cancel(second.jobId, aRequest(JOB));
    expect(cluster.jobs.map(({ jobStatus }) => jobStatus)).toEqual(["RUNNING", "CANCELED"]);
    expect(cluster.jobs.map(({ jobId }) => jobId)).toEqual([first.jobId, second.jobId]);
    expect(cluster.complaints).toEqual([]);
  });

  it("tells why a job failed", async () => {
    const operator = anOperator({ api: "v2" });
    const { jobId } = await operator.submit(aRequest(JOB), untroubled());
    cluster.end(jobId, "FAILED");
    expect(await operator.wait(jobId, aRequest(JOB), untroubled())).toMatchObject({
      state: "FAILED",
      error: { code: "JOB_FAILED", message: "IllegalStateException: out of order" },
    });
  });

  it("does not submit what succeeded, and submits once more what failed", async () => {
    const operator = anOperator();
    const { jobId } = await operator.submit(aRequest(JOB), untroubled());
    cluster.end(jobId, "FAILED");
    const retry = aRequest(JOB, { attempt: 2 });
    const second = await operator.submit(retry, untroubled());
    cluster.end(second.jobId, "FINISHED");
    const third = await operator.submit(retry, untroubled());
    expect(third).toMatchObject({ jobId: second.jobId, outcome: { state: "SUCCEEDED" } });
    expect(cluster.jobs).toHaveLength(2);
  });

  it("does not submit what an earlier attempt did after all", async () => {
    const operator = anOperator();
    const { jobId } = await operator.submit(aRequest(JOB), untroubled());
    cluster.end(jobId, "FINISHED");
    const next = await operator.submit(aRequest(JOB, { attempt: 2 }), untroubled());
    expect(next).toMatchObject({ jobId, outcome: { state: "SUCCEEDED" } });
    expect(cluster.jobs).toHaveLength(1);
  });

  it("may lie below a context path", async () => {
    cluster = await aCluster({ contextPath: "/seatunnel" });
    await anOperator({ url: `${cluster.url}/` }).submit(aRequest(JOB), untroubled());
    expect(cluster.jobs).toHaveLength(1);
    expect(cluster.complaints).toEqual([]);
  });

  it("may ask for credentials, which no error repeats", async () => {
    cluster = await aCluster({ credentials: ADMIN });
    await anOperator({ credentials: ADMIN }).submit(aRequest(JOB), untroubled());
    expect(cluster.jobs).toHaveLength(1);
    const wrong = { ...ADMIN, password: "another password" };
    const error = await rejectionOf(
      anOperator({ api: "v2", credentials: wrong }).submit(aRequest(JOB), untroubled()),
    );
    expect(error).toMatchObject({ code: "JOB_FAILED", message: expect.stringContaining("401") });
    expect(String((error as Error).stack)).not.toContain(wrong.password);
  });
});

describe("a secret", () => {
  const aJob = (name: string) => ({
    ...JOB,
    sink: [{ plugin_name: "Console", url: `jdbc://{{secret.${name}}}@host` }],
  });

  it("is in what is submitted, and not in what goes wrong", async () => {
    const secrets = { db: async () => "open sesame" };
    const operator = anOperator({ secrets });
    const request = aRequest(aJob("db"));
    const { jobId } = await operator.submit(request, untroubled());
    expect(cluster.configs).toEqual([
      expect.objectContaining({ sink: [expect.objectContaining({ url: "jdbc://open sesame@host" })] }),
    ]);
    cluster.failure = "no way to jdbc://open sesame@host";
    cluster.end(jobId, "FAILED");
    const { error } = await anOperator({ secrets }).wait(jobId, request, untroubled());
    expect(error?.message).toBe("no way to jdbc://[redacted]@host");
  });

  it("keeps the cause of failure to itself where it cannot be read", async () => {
    const request = aRequest(aJob("db"));
    const { jobId } = await anOperator({ secrets: { db: "open sesame" } }).submit(request, untroubled());
    cluster.failure = "no way to jdbc://open sesame@host";
    cluster.end(jobId, "FAILED");
    const locked = anOperator({ secrets: { db: () => Promise.reject(new Error("open sesame is locked")) } });
    const outcome = await locked.wait(jobId, request, untroubled());
    expect(outcome).toMatchObject({ state: "FAILED", error: { code: "JOB_FAILED" } });
    expect(JSON.stringify(outcome)).not.toContain("sesame");
    const error = await rejectionOf(
      locked.submit(aRequest(aJob("db"), { idempotencyKey: "b" }), untroubled()),
    );
    expect(error).toMatchObject({
      code: "CONFIGURATION_INVALID",
      message: 'The secret "db" cannot be read.',
    });
    expect(cluster.jobs).toHaveLength(1);
  });

  it("has to be the operator's", () => {
    expect(() => anOperator().validate(aJob("db"))).toThrow(
      expect.objectContaining({ code: "JOB_INVALID", field: "job.sink.0.url" }),
    );
  });
});

describe("options", () => {
  it.each<[string, unknown]>([
    ["url", "not a url"],
    ["url", "ftp://host"],
    ["url", "http://user:secret@host"],
    ["url", "http://host?x=1"],
    ["api", "v3"],
    ["credentials.password", { username: "a", password: "" }],
    ["deadlineMs", 1],
    ["pollIntervalMs", 10],
    ["pollIntervalMs", 0.5],
    ["sinks.Mine", { Mine: "replaces" }],
    ["secrets.db", { db: 1 }],
    ["", { strange: 1 }],
  ])("are refused for a bad %s", (field, value) => {
    const [name = ""] = field.split(".");
    const bad = name === "" ? { url: "http://h", ...(value as object) } : { url: "http://h", [name]: value };
    expect(() => createSeaTunnelOperator(bad as SeaTunnelOperatorOptions)).toThrow(
      expect.objectContaining({ name: "ConfigurationError", code: "CONFIGURATION_INVALID", field }),
    );
  });
});
