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
});
