import { describe, expect, it } from "@jest/globals";
import type { NewRun } from "../../src/run/run.js";
import { signallingStore } from "../../src/store/claimable-signal.js";
import { MemoryStore } from "../../src/store/memory-store.js";

describe("a store that signals what may be claimed", () => {
  it("passes on how runs are to be inserted", async () => {
    const store = new MemoryStore();
    const options: unknown[] = [];
    store.insertRuns = async (runs: readonly NewRun[], given?: unknown) => {
      options.push(given);
      return runs.map(() => true);
    };
    await signallingStore(store, () => undefined).insertRuns([], { isExclusive: true });
    expect(options).toEqual([{ isExclusive: true }]);
  });
});
