import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import { HOUR, SECOND, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { ScriptedOperator, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

/** A store in memory that managers share. */
class SharedStore extends MemoryStore {
  override readonly isShared = true;
}

const GROUP = "orders";

describe("of two managers, one that fires and one that carries out", () => {
  it.each(["coalesce-pending", "cancel-running"] as const)(
    "the second plans on when a run has ended for which the first has put off the planning (%s)",
    async (overlap) => {
      const clock = new VirtualClock({ start: T0 });
      const store = new SharedStore({ clock });
      const second = new World({ store, clock });
      second.operator.answer = () => "runs";
      second.operator.onCancel = undefined;
      await second.start();
      await second.client.register(hourly(GROUP, { overlap }));
      const first = new World({ store, clock, operator: new ScriptedOperator("other") });
      await first.start();
      await first.fireAt(GROUP, T0 + HOUR);
      await second.advance(SECOND);
      expect(second.operator.submissions).toHaveLength(1);
      await first.fireAt(GROUP, T0 + 2 * HOUR);
      await second.advance(SECOND);
      expect(await second.runs(GROUP)).toHaveLength(1);
      second.operator.endAll(SUCCEEDED);
      await second.settle();
      expect(await second.runs(GROUP)).toMatchObject([
        { state: "SUCCEEDED" },
        { state: "RUNNING", lower: T0 + HOUR, upper: T0 + 2 * HOUR },
      ]);
    },
  );
});
