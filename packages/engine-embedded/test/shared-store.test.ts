import { describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { countingOperator } from "@tidegate/testkit";
import { embeddedEngine } from "../src/index.js";

/** A store that processes share. */
class SharedStore extends MemoryStore {
  override readonly isShared = true;
}

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

/** One process, whose watchdog sleeps, on a store that another one uses as well. */
function processOn(store: SharedStore, clock: VirtualClock) {
  const operator = countingOperator();
  const watchdogEveryMs = 365 * 86_400_000;
  const engines = [embeddedEngine()];
  const tidegate = createTidegate({ store, clock, engines, operators: [operator], watchdogEveryMs });
  return { tidegate, operator };
}

describe("of two processes on one store", () => {
  it("one fires in time what the other had registered before it died", async () => {
    const clock = new VirtualClock({ start: START });
    const store = new SharedStore({ clock });
    const dying = processOn(store, clock);
    const other = processOn(store, clock);
    await other.tidegate.start();
    await dying.tidegate.start();
    await dying.tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 1, unit: "minute" },
    });
    await dying.tidegate.stop();
    await store.open();
    await clock.advance(MINUTE);
    expect(other.operator.countOf("orders")).toBe(1);
    await clock.advance(MINUTE);
    expect(other.operator.countOf("orders")).toBe(2);
    await other.tidegate.stop();
  });
});
