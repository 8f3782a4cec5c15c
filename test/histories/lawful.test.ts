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
});
