import { describe, expect, it } from "@jest/globals";
import { Bench, hour } from "../support/bench.js";

/** What becomes of the first hour when `submit` answers so. */
async function carriedOut({ submit }: { readonly submit: unknown }) {
  const bench = new Bench();
  bench.operator.submit = async (request) => {
    bench.operator.submissions.push(request);
    return submit as never;
  };
  await bench.tidegate.start();
  await bench.client.register({ groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } });
  await bench.fireAt(1);
  await bench.clock.advance(60_000);
  const [run] = (await bench.store.listRuns({ groupId: "orders" }, {})).items;
  return { bench, run: run! };
}

const invalid = (field: string) => ({
  state: "FAILED",
  attempt: 1,
  error: { code: "OPERATOR_ANSWER_INVALID", message: expect.stringContaining(field) },
});

describe("an answer that breaks the operator's contract", () => {
  it.each<[string, unknown, string]>([
    ["nothing at all", undefined, "submit"],
    ["an id that is a number", { jobId: 7 }, "jobId"],
    ["an id that is empty", { jobId: "" }, "jobId"],
    ["an address that is none", { jobId: "a", address: {} }, "address"],
    ["an outcome that is a word", { jobId: "a", outcome: "SUCCEEDED" }, "outcome"],
    ["a state that there is not", { jobId: "a", outcome: { state: "DONE" } }, "state"],
    [
      "a count below 0",
      { jobId: "a", outcome: { state: "SUCCEEDED", metrics: { rowsRead: -1 } } },
      "rowsRead",
    ],
    [
      "a count in parts",
      { jobId: "a", outcome: { state: "SUCCEEDED", metrics: { rowsRead: 0.5 } } },
      "rowsRead",
    ],
    [
      "a count in words",
      { jobId: "a", outcome: { state: "SUCCEEDED", metrics: { rowsDirty: "3" } } },
      "rowsDirty",
    ],
    [
      "a code that is a number",
      { jobId: "a", outcome: { state: "FAILED", error: { code: 4, message: "" } } },
      "code",
    ],
    [
      "time of a group that cannot be",
      { jobId: "a", outcome: { state: "SUCCEEDED", touched: [{ groupId: "a\0b", intervals: [] }] } },
      "groupId",
    ],
    [
      "time that is no instant",
      {
        jobId: "a",
        outcome: {
          state: "SUCCEEDED",
          touched: [{ intervals: [{ lower: -8_640_000_000_000_001, upper: 0 }] }],
        },
      },
      "lower",
    ],
  ])("fails the run at once when `submit` answers %s", async (_what, answer, field) => {
    const { run, bench } = await carriedOut({ submit: answer });
    expect(run).toMatchObject(invalid(field));
    expect(bench.operator.submissions).toHaveLength(1);
  });

  it("fails the run when `wait` gives it, and the job that has ended is not at large", async () => {
    const bench = new Bench(() => "runs");
    bench.operator.wait = async () => ({ state: "SUCCEEDED", metrics: { rowsRead: Number.NaN } });
    await bench.tidegate.start();
    await bench.client.register({ groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } });
    await bench.fireAt(1);
    const [run] = (await bench.store.listRuns({ groupId: "orders" }, {})).items;
    expect(run).toMatchObject({ ...invalid("rowsRead"), isJobOpen: false });
  });

  it("leaves the job at large when the answer does not say that it has ended", async () => {
    const { run } = await carriedOut({ submit: { jobId: 7 } });
    expect(run.isJobOpen).toBe(true);
  });
});

describe("the texts of an answer", () => {
  it("are cut to what a run keeps", async () => {
    const message = "x".repeat(5_000_000);
    const error = { code: "C".repeat(1_000), message };
    const { run } = await carriedOut({
      submit: { jobId: "a", outcome: { state: "FAILED", error, isRetryable: false } },
    });
    expect(run.error!.message).toHaveLength(8_000);
    expect(run.error!.message).toMatch(/ … \(5000000 characters in all\)$/);
    expect(run.error!.code).toHaveLength(100);
  });

  it("are cut as well where an error is thrown", async () => {
    const bench = new Bench(() => ({ throws: new Error("y".repeat(100_000)) }));
    await bench.tidegate.start();
    await bench.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "hour" },
      maxAttempts: 1,
    });
    await bench.fireAt(1);
    const [run] = (await bench.store.listRuns({ within: { lower: hour(0), upper: hour(1) } }, {})).items;
    expect(run!.error!.message).toHaveLength(8_000);
  });
});
