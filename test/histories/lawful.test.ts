import { describe, it } from "@jest/globals";
import { type BriefHistory, written } from "./history.js";
import { perform } from "./perform.js";
import { inMemory, inSqlite } from "./places.js";

/** Plays a history and holds it to all laws. */
async function lawful(history: BriefHistory, place = inMemory): Promise<void> {
  await perform(written(history), await place());
}

describe("histories that once went wrong", () => {
  it("a backfill over the empty interval with which an earlier version of the schedule has ended", () =>
    lawful({
      policies: { start: -52, span: 42, catchup: "drop", maxActiveRuns: 1, endRule: "inclusive" },
      jobs: [{ lasts: 1 }],
      steps: [
        { do: "pass", for: 1 },
        { do: "update", set: { trigger: "once", span: 0 } },
        { do: "rerun", from: 0, to: 0 },
      ],
    }));

  it("an interval that is dropped since the empty one with which an earlier version has ended still runs", () =>
    lawful({
      policies: { start: -52, span: 42, catchup: "drop", maxActiveRuns: 1, endRule: "inclusive" },
      jobs: [{ submit: "slow" }, { lasts: 1 }],
      steps: [
        { do: "pass", for: 1 },
        { do: "update", set: { overlap: "drop", trigger: "once", span: 0 } },
        { do: "crash", writes: 1, isWritten: false, within: 0, after: 9 },
        { do: "rerun", from: 0, to: 0 },
      ],
    }));

  it("a run that was found by the next process, while the answer to its submission was on its way", () =>
    lawful({
      policies: { span: 5 },
      jobs: [{ submit: "slow" }],
      steps: [
        { do: "pass", for: 5 },
        { do: "restart", after: 0 },
      ],
    }));

  it("a backfill of time before a single one to come", () =>
    lawful({
      policies: { trigger: "once", start: 1, maxActiveRuns: 1 },
      jobs: [{ lasts: 1 }],
      steps: [
        { do: "backfill", from: -10, to: 0, select: "missing", concurrency: 1 },
        { do: "pass", for: 1 },
      ],
    }));

  it("a backfill that ends between two times of the grid, before the ledger begins", () =>
    lawful({
      policies: { span: 5 },
      jobs: [{ lasts: 1 }],
      steps: [
        { do: "backfill", from: -10, to: -1, select: "missing", concurrency: 1 },
        { do: "cancelRun", nth: 0 },
      ],
    }));

  it("a backfill whose bounds cut the only run", () =>
    lawful({
      policies: { start: -2 },
      steps: [
        { do: "pass", for: 1 },
        { do: "backfill", from: -11, to: -1, select: "all", concurrency: 1 },
      ],
    }));

  it("a pause between two attempts, of a schedule that has ended when it is resumed", () =>
    lawful({
      policies: { span: 5, maxAttempts: 2 },
      jobs: [{ submit: "away" }],
      steps: [{ do: "pass", for: 5 }, { do: "pause" }, { do: "pass", for: 1 }, { do: "resume" }],
    }));

  it("a cancelled run that is retried after a backfill has done its work, in other intervals", () =>
    lawful({
      policies: { trigger: "once" },
      jobs: [{ lasts: 1 }],
      steps: [
        { do: "pass", for: 10 },
        { do: "cancelRun", nth: 0 },
        { do: "backfill", from: -10, to: 10, select: "missing", concurrency: 1 },
        { do: "retryRun", nth: 0 },
      ],
    }));

  it("a run by hand of a range that no run stands for and that cuts the grid", () =>
    lawful({
      policies: { trigger: "localDays", span: 5 },
      steps: [{ do: "rerun", from: -10, to: 0 }],
    }));

  it("a purge while nothing runs, and the group registered again", () =>
    lawful({ steps: [{ do: "pass", for: 10 }, { do: "purge" }, { do: "register", set: {} }] }));

  it("a purge while a job is at work whose run has failed, since the answer to its submission was lost", () =>
    lawful({
      jobs: [{ submit: "lost", lasts: 25 }],
      steps: [{ do: "pass", for: 12 }, { do: "purge" }, { do: "register", set: {} }],
    }));

  it("a failed job that the next process replaced by one that hangs and times out", () =>
    lawful({
      policies: { span: 11, maxActiveRuns: 1, fireAt: "interval-start", timeout: 12 },
      jobs: [{ submit: "hangs" }, { lasts: 3, ends: "failed" }],
      steps: [
        { do: "pass", for: 12 },
        { do: "restart", after: 1 },
        { do: "pass", for: 9 },
        { do: "backfill", from: 0, to: 20, select: "all", concurrency: 1 },
        { do: "crash", writes: 1, isWritten: false, within: 0, after: 0 },
      ],
    }));

  it("an older run that is retried under cancel-running", () =>
    lawful({
      policies: { overlap: "cancel-running", onFailure: "continue", span: 24 },
      jobs: [{ lasts: 1, ends: "failed" }],
      steps: [
        { do: "pass", for: 23 },
        { do: "retryRun", nth: 0 },
        { do: "pass", for: 1 },
      ],
    }));

  it("a backlog when cancel-running comes into force", () =>
    lawful({
      policies: { trigger: "localDays", start: -1, fireAt: "interval-start" },
      jobs: [{ ends: "failed" }],
      steps: [
        { do: "pass", for: 10 },
        { do: "update", set: { overlap: "cancel-running" } },
        { do: "retryRun", nth: 0 },
      ],
    }));

  it("a run that is cancelled for the end of an uneven grid", () =>
    lawful({
      policies: { span: 11, timeout: 4 },
      jobs: [{ lasts: 4 }],
      steps: [
        { do: "pass", for: 14 },
        { do: "update", set: { span: 0, overlap: "cancel-running", trigger: "uneven" } },
        { do: "pass", for: 1 },
      ],
    }));

  it("a failed run that blocks a schedule under cancel-running for days", () =>
    lawful({
      policies: { trigger: "localDays", span: 5, maxActiveRuns: 1 },
      jobs: [{ submit: "slow", ends: "failed" }, { submit: "slow" }],
      steps: [
        { do: "pass", for: 5 },
        { do: "unregister" },
        { do: "register", set: { overlap: "cancel-running", trigger: "sixHours", start: 20 } },
        { do: "pass", for: 3 },
        { do: "pass", for: 43 },
        { do: "pass", for: 36 },
      ],
    }));

  it("a run that is cancelled at the moment in which nobody can tell whether its job was taken", () =>
    lawful({
      policies: { overlap: "cancel-running", maxActiveRuns: 1, maxAttempts: 2 },
      jobs: [{}, { submit: "away", lasts: 1 }, {}],
      steps: [
        { do: "crash", writes: 5, isWritten: true, within: 21, after: 9 },
        { do: "update", set: {} },
      ],
    }));

  it("a job whose answer was lost, and which has succeeded when a new policy cancels its run", () =>
    lawful({
      policies: { span: 5, window: 10, maxActiveRuns: 1, maxAttempts: 2 },
      jobs: [{ submit: "lost" }, { lasts: 1 }],
      steps: [
        { do: "restart", after: 6 },
        { do: "update", set: { span: 6, overlap: "cancel-running" } },
        { do: "resume" },
      ],
    }));

  it("a copy after a run of which nobody can tell whether its job was taken", () =>
    lawful({
      policies: { span: 10, maxActiveRuns: 1, maxAttempts: 2 },
      jobs: [{ submit: "away", lasts: 1 }, {}],
      steps: [
        { do: "pass", for: 11 },
        { do: "update", set: { span: 0, mode: "full-then-incremental", maxAttempts: 1 } },
        { do: "trigger" },
        { do: "register", set: {} },
      ],
    }));

  it("a backfill of dropped time behind the only time of a schedule that runs once, with an inclusive end", () =>
    lawful({
      policies: { overlap: "drop", endRule: "inclusive" },
      jobs: [{ lasts: 24 }, {}],
      steps: [
        { do: "pass", for: 22 },
        { do: "update", set: { trigger: "once", overlap: "queue" } },
      ],
    }));

  it("a run that was cancelled for its overlap just before another policy came into force", () =>
    lawful(
      {
        policies: { trigger: "fiveMinutes", window: 10, overlap: "cancel-running", maxActiveRuns: 1 },
        jobs: [{ submit: "hangs", ends: "failed" }],
        steps: [
          { do: "pass", for: 20 },
          { do: "purge" },
          { do: "register", set: { overlap: "queue" } },
          { do: "purge" },
        ],
      },
      // A store that tells the state of a group with the end of its runs.
      inSqlite,
    ));
});
