import { describe, expect, it } from "@jest/globals";
import type { VerifyRule } from "../../src/job/verification.js";
import type { RowCounts, VerifyContext } from "../../src/operator.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { Bench, hour, running } from "../support/bench.js";
import { SUCCEEDED } from "../support/scripted-operator.js";

const hourly = (verify: VerifyRule, rest: Partial<ScheduleInfo> = {}): ScheduleInfo => ({
  groupId: "orders",
  trigger: { type: "period", every: 1, unit: "hour" },
  startTime: hour(0),
  maxAttempts: 1,
  verify,
  ...rest,
});

const firstRun = async (bench: Bench) => (await bench.client.runs({ groupId: "orders" })).items[0]!;

/** A bench whose operator counts what it is told. */
async function counting(...counts: (RowCounts | Error)[]): Promise<Bench> {
  const bench = await Bench.started(() => ({
    state: "SUCCEEDED",
    metrics: { rowsRead: 1, rowsWritten: 1, bytesWritten: 9 },
  }));
  bench.operator.verify = async () => {
    const next = counts.length > 1 ? counts.shift()! : counts[0]!;
    if (next instanceof Error) throw next;
    return next;
  };
  return bench;
}

describe("rows that are counted after the job", () => {
  it("are what the run and the audit report, in place of the job's own counts", async () => {
    const bench = await counting({ sourceRows: 10, targetRows: 10, rejectedRows: 2 });
    await bench.client.register(hourly({ rows: "equal" }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({
      state: "SUCCEEDED",
      metrics: { rowsRead: 12, rowsWritten: 10, rowsDirty: 2, bytesWritten: 9 },
    });
    expect(await bench.client.audit("orders")).toMatchObject({ rowsRead: 12, rowsWritten: 10, rowsDirty: 2 });
  });

  it.each<[string, VerifyRule, RowCounts, "SUCCEEDED" | "FAILED"]>([
    ["one is missing", { rows: "equal" }, { sourceRows: 10, targetRows: 9 }, "FAILED"],
    ["one is there twice", { rows: "equal" }, { sourceRows: 10, targetRows: 11 }, "FAILED"],
    ["as few are missing as may", { rows: { maxDiff: 1 } }, { sourceRows: 10, targetRows: 9 }, "SUCCEEDED"],
    ["more are missing than may", { rows: { maxDiff: 1 } }, { sourceRows: 10, targetRows: 8 }, "FAILED"],
    [
      "their contents differ",
      { rows: "equal", checksum: true },
      { sourceRows: 1, targetRows: 1, checksums: { source: "a", target: "b" } },
      "FAILED",
    ],
    [
      "their contents are the same",
      { rows: "equal", checksum: true },
      { sourceRows: 1, targetRows: 1, checksums: { source: "a", target: "a" } },
      "SUCCEEDED",
    ],
    [
      "a difference is only recorded",
      { rows: "equal", onMismatch: "record" },
      { sourceRows: 10, targetRows: 9 },
      "SUCCEEDED",
    ],
  ])("decide where %s", async (_, rule, counts, state) => {
    const bench = await counting(counts);
    await bench.client.register(hourly(rule));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({
      state,
      error: state === "FAILED" ? { code: "ROW_MISMATCH" } : null,
      metrics: { rowsRead: counts.sourceRows, rowsWritten: counts.targetRows },
    });
    expect((await bench.client.audit("orders")).isComplete).toBe(state === "SUCCEEDED");
  });

  it.each<[string, RowCounts[], number]>([
    ["are counted once more before their job runs again", [], 1],
    ["have their job run again if they still differ", [{ sourceRows: 2, targetRows: 1 }], 2],
  ])("%s", async (_, again, jobs) => {
    const bench = await counting({ sourceRows: 2, targetRows: 1 }, ...again, {
      sourceRows: 2,
      targetRows: 2,
    });
    await bench.client.register(hourly({ rows: "equal" }, { maxAttempts: 2 }));
    await bench.fireAt(1);
    await bench.clock.advance(1_000);
    expect(await firstRun(bench)).toMatchObject({
      state: "SUCCEEDED",
      attempt: 2,
      history: [{ error: { code: "ROW_MISMATCH" } }],
    });
    expect(bench.operator.submissions).toHaveLength(jobs);
  });

  it.each([
    ["is working", 70_000],
    ["has ended meanwhile", 30_000],
  ])(
    "are counted again before a job that a restart finds is run again: one that %s",
    async (_, endsAfter) => {
      const bench = await counting({ sourceRows: 2, targetRows: 1 });
      bench.operator.answer = running;
      await bench.client.register(hourly({ rows: "equal" }, { maxAttempts: 3 }));
      await bench.fireAt(1);
      bench.clock.wakeAfter(endsAfter, () => bench.operator.endAll());
      await bench.restart();
      await bench.clock.advance(Math.max(0, endsAfter - 60_000));
      expect(await firstRun(bench)).toMatchObject({
        attempt: 1,
        history: [{ error: { code: "ROW_MISMATCH" } }],
      });
      expect(bench.operator.submissions).toHaveLength(1);
      await bench.clock.advance(1_000);
      expect(bench.operator.submissions).toHaveLength(2);
    },
  );

  it("that cannot be counted fail the attempt, whose job is over", async () => {
    const bench = await counting(new Error("the source does not answer"));
    await bench.client.register(hourly({ rows: "equal" }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({
      state: "FAILED",
      isJobOpen: false,
      error: { code: "JOB_FAILED", message: "the source does not answer" },
    });
  });

  it("that are no numbers break the operator's contract", async () => {
    const bench = await counting({ sourceRows: -1, targetRows: 0 });
    await bench.client.register(hourly({ rows: "equal" }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({ error: { code: "OPERATOR_ANSWER_INVALID" } });
  });

  it("need the checksums that were asked for", async () => {
    const bench = await counting({ sourceRows: 1, targetRows: 1 });
    await bench.client.register(hourly({ rows: "equal", checksum: true }));
    await bench.fireAt(1);
    expect(await firstRun(bench)).toMatchObject({
      error: { code: "OPERATOR_ANSWER_INVALID", message: expect.stringContaining("checksums is missing") },
    });
  });

  it("are not counted for a job that has failed, nor unless the schedule asks for it", async () => {
    const asked: VerifyContext[] = [];
    const bench = await Bench.started(() => ({ state: "FAILED" }));
    bench.operator.verify = async (_, context) => {
      asked.push(context);
      return { sourceRows: 0, targetRows: 0 };
    };
    await bench.client.register(hourly({ rows: "equal" }));
    await bench.client.register({ ...hourly({ rows: "equal" }), groupId: "other", verify: null });
    await bench.fireAt(1);
    bench.operator.answer = () => SUCCEEDED;
    await bench.fireAt(2);
    expect(asked).toEqual([]);
  });

  it("leave a run cancelled that is cancelled before they are counted", async () => {
    const bench = await Bench.started(running);
    bench.operator.verify = () => new Promise(() => undefined);
    await bench.client.register(hourly({ rows: "equal" }));
    await bench.fireAt(1);
    await bench.endNewest();
    await bench.client.cancelRun((await firstRun(bench)).id);
    await bench.clock.settle();
    expect(await firstRun(bench)).toMatchObject({ state: "CANCELLED", isJobOpen: false });
  });
});

describe("a schedule that asks for verification", () => {
  it("is refused if its operator cannot count rows", async () => {
    const bench = await Bench.started();
    await expect(bench.client.register(hourly({ rows: "equal" }))).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "verify",
      message: expect.stringContaining("cannot count rows"),
    });
  });

  it("is refused if the operator cannot compare the rows of its job", async () => {
    const bench = await counting({ sourceRows: 0, targetRows: 0 });
    bench.operator.cannotVerify = (_, withChecksum) => (withChecksum ? "it has no checksums" : undefined);
    const { schedule } = await bench.client.register(hourly({ rows: "equal" }));
    expect(schedule.spec.verify).toEqual({ rows: "equal", checksum: false, onMismatch: "fail" });
    await expect(bench.client.ensure(hourly({ rows: "equal", checksum: true }))).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      message: "verify: it has no checksums.",
    });
  });

  it("is refused if its runs are split, since their rows are not counted", async () => {
    const bench = await counting({ sourceRows: 0, targetRows: 0 });
    await expect(bench.client.register(hourly({ rows: "equal" }, { shards: {} }))).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "verify",
      message: expect.stringContaining("a run in shards cannot be counted"),
    });
  });
});
