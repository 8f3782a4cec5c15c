import { describe, it } from "@jest/globals";
import { type BriefHistory, written } from "./history.js";
import { perform } from "./perform.js";
import { inMemory } from "./places.js";

/** Plays a history and holds it to all laws. */
async function lawful(history: BriefHistory): Promise<void> {
  await perform(written(history), await inMemory());
}

describe("histories that once went wrong", () => {
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
});
