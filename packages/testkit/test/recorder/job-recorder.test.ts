import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { OperatorError } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { VirtualClock } from "@tidegate/core/testing";
import { aRequest, countingOperator, START, untroubled } from "../../src/index.js";
import { type JobRecord, jobRecorder, judgeRecording, readRecording } from "../../src/recorder/index.js";

const events = (records: readonly JobRecord[]): string[] => records.map(({ event }) => event);

function recorded(operator: Partial<ScheduleOperator>) {
  const records: JobRecord[] = [];
  const recorder = jobRecorder({ ...countingOperator(), ...operator }, (record) => records.push(record), {
    clock: new VirtualClock({ start: START }),
    writer: "here",
  });
  return { recorder, records };
}

describe("a job recorder", () => {
  it("writes down what is submitted, how it is answered and how it ends", async () => {
    const { recorder, records } = recorded({});
    const request = aRequest({});
    await recorder.submit(request, untroubled());
    expect(events(records)).toEqual(["submit", "submitted", "ended"]);
    expect(records[2]).toEqual({
      event: "ended",
      at: START,
      writer: "here",
      call: 1,
      operatorType: "counting",
      groupId: "orders",
      runId: request.runId,
      key: request.idempotencyKey,
      kind: "SCHEDULED",
      mode: "incremental",
      boundaryType: "TIME",
      lowerBound: request.lowerBound,
      upperBound: request.upperBound,
      attempt: 1,
      jobId: request.idempotencyKey,
      state: "SUCCEEDED",
    });
  });

  it("has written a submission before the operator hears of it", async () => {
    const { recorder, records } = recorded({
      submit: async () => {
        expect(events(records)).toEqual(["submit"]);
        return { jobId: "j1" };
      },
    });
    await recorder.submit(aRequest({}), untroubled());
    expect(records).toHaveLength(2);
  });

  it("tells a refusal from an error that leaves open whether the job was taken", async () => {
    const errors = [
      new OperatorError("JOB_INVALID", "no such table"),
      new Error("connection reset"),
      // Breaks the call off, whatever has become of the job.
      new OperatorError("NOT_RUNNING", "the operator stops"),
    ];
    const { recorder, records } = recorded({ submit: () => Promise.reject(errors.shift()) });
    await expect(recorder.submit(aRequest({}), untroubled())).rejects.toMatchObject({ code: "JOB_INVALID" });
    await expect(recorder.submit(aRequest({}), untroubled())).rejects.toThrow("connection reset");
    await expect(recorder.submit(aRequest({}), untroubled())).rejects.toThrow("the operator stops");
    expect(events(records)).toEqual(["submit", "refused", "submit", "unclear", "submit", "unclear"]);
    expect(records[1]).toMatchObject({ error: "no such table" });
  });

  it("writes down lookups and cancellations with their answers", async () => {
    const { recorder, records } = recorded({
      cancel: async (jobId) => {
        if (jobId === "lost") throw new Error("away");
      },
    });
    const request = aRequest({});
    await recorder.find(request.idempotencyKey, request);
    await recorder.submit(request, untroubled());
    await recorder.find(request.idempotencyKey, request);
    await recorder.cancel("lost", request).catch(() => undefined);
    await recorder.cancel("j1", request);
    expect(events(records)).toEqual([
      ...["find", "absent"],
      ...["submit", "submitted", "ended"],
      ...["find", "found", "ended"],
      ...["cancel", "cancel-failed"],
      ...["cancel", "stopped"],
    ]);
  });

  it("passes everything else through, private state included", () => {
    class Other {
      readonly operatorType = "other";
      readonly #notes = ["appends"];
      submit = async () => ({ jobId: "j" });
      find = async () => undefined;
      wait = async () => ({ state: "SUCCEEDED" }) as const;
      cancel = async () => undefined;
      notesOn(): string[] {
        return this.#notes;
      }
    }
    const recorder = jobRecorder(new Other(), () => undefined);
    expect(recorder.operatorType).toBe("other");
    expect(recorder.notesOn()).toEqual(["appends"]);
    expect((recorder as ScheduleOperator).validate).toBeUndefined();
  });

  it("refuses a submission that it cannot write down", async () => {
    const operator = countingOperator();
    const recorder = jobRecorder(operator, () => {
      throw new Error("disk full");
    });
    const submission = recorder.submit(aRequest({}), untroubled());
    await expect(submission).rejects.toThrow(OperatorError);
    await expect(submission).rejects.toThrow(/not recorded.*disk full/);
    expect(operator.submissions).toEqual([]);
  });
});

describe("a record file", () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tidegate-recorder-"));
    path = join(directory, "jobs.jsonl");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it("is read back as it was written, by one recorder after another", async () => {
    await jobRecorder(countingOperator(), path).submit(aRequest({}), untroubled());
    await jobRecorder(countingOperator(), path).submit(aRequest({}, { attempt: 2 }), untroubled());
    const { records, tornLines } = readRecording(path);
    expect(records.map(({ event, attempt }) => [event, attempt])).toEqual([
      ["submit", 1],
      ["submitted", 1],
      ["ended", 1],
      ["submit", 2],
      ["submitted", 2],
      ["ended", 2],
    ]);
    expect(new Set(records.map(({ writer }) => writer)).size).toBe(2);
    expect(tornLines).toBe(0);
  });

  it("says how many lines are torn, and reads the others", async () => {
    await jobRecorder(countingOperator(), path).submit(aRequest({}), untroubled());
    appendFileSync(path, '{"event":"subm');
    expect(readRecording(path)).toMatchObject({ tornLines: 1, records: { length: 3 } });
    await jobRecorder(countingOperator(), path).submit(aRequest({}), untroubled());
    expect(readRecording(path)).toMatchObject({ tornLines: 1, records: { length: 6 } });
  });

  it("has every answer that anybody saw, when processes append side by side and are killed", async () => {
    const dist = new URL("../../dist/recorder/index.js", import.meta.url).href;
    const code = `
      import { jobRecorder } from ${JSON.stringify(dist)};
      const [path, name] = process.argv.slice(1);
      const operator = {
        operatorType: "test",
        submit: async ({ runId }) => ({ jobId: runId, outcome: { state: "SUCCEEDED" } }),
      };
      const recorder = jobRecorder(operator, path, { writer: name });
      for (let n = 0; n < 100_000; n += 1) {
        const request = { groupId: name, boundaryType: "TIME", lowerBound: String(n), upperBound: String(n + 1),
          runId: name + n, idempotencyKey: name + n, attempt: 1, kind: "SCHEDULED", mode: "incremental" };
        await recorder.submit(request, {});
        if (!process.stdout.write(n + "\\n")) await new Promise((done) => process.stdout.once("drain", done));
      }`;
    const acknowledged = async (name: string): Promise<number> => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", code, path, name]);
      let seen = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        seen += text;
        if (seen.length > 2_000) child.kill("SIGKILL");
      });
      const [exitCode, signal] = await once(child, "close");
      expect([exitCode, signal]).toEqual([null, "SIGKILL"]);
      return seen.split("\n").length - 1;
    };
    const names = ["a", "b", "c"];
    const counts = await Promise.all(names.map(acknowledged));
    const { records, tornLines } = readRecording(path);
    // A kill may come in the midst of a write.
    expect(tornLines).toBeLessThanOrEqual(names.length);
    for (const [index, groupId] of names.entries()) {
      const range = { lower: 0, upper: counts[index]! };
      expect(range.upper).toBeGreaterThan(100);
      expect(judgeRecording(records, { groupId, range })).toMatchObject({ isExact: true });
    }
  });
});
