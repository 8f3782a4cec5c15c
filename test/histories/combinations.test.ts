import { describe, expect, it } from "@jest/globals";
import { brokenBy } from "./broken.js";
import { avoidingOpenFaults } from "./open-faults.js";
import { inMemory } from "./places.js";
import { rowsOf } from "./table.js";
import { asTest } from "./told.js";

/** Far longer than it takes. */
const LIMIT_MS = 600_000;

describe("every combination of policies, whatever comes between", () => {
  it.each(["queue", "allow", "coalesce-pending", "cancel-running", "drop"] as const)(
    "with overlap %s",
    async (overlap) => {
      const broken: string[] = [];
      for (const { name, history } of rowsOf(overlap)) {
        const law = await brokenBy(avoidingOpenFaults(history), await inMemory());
        if (law !== undefined) broken.push(`${law.message}\n${asTest(name, avoidingOpenFaults(history))}`);
      }
      expect(broken.slice(0, 5)).toEqual([]);
    },
    LIMIT_MS,
  );
});
