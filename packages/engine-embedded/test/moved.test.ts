import { describe, expect, it } from "@jest/globals";
import type { EpochMs } from "@tidegate/core";
import type { EngineContext, FireMoved } from "@tidegate/core/engine";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { EmbeddedEngine } from "../src/embedded-engine.js";
import { settingsOf } from "../src/options.js";

const MINUTE = 60_000;

describe("a fire that is moved while it is handed over", () => {
  it("counts more than the answer, which may be older", async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock });
    await store.open("default");
    const engine = new EmbeddedEngine({ store, clock }, settingsOf({ horizonMs: 100 * MINUTE }));
    const begin = clock.now();
    const firedAt: EpochMs[] = [];
    let move: (moved: FireMoved) => void = () => {};
    const context: Pick<EngineContext, "sink" | "onFireMoved"> = {
      onFireMoved: (listener) => {
        move = listener;
        return () => {};
      },
      sink: {
        fire: async (fires) => {
          firedAt.push(clock.now() - begin);
          // A run that was waited for ends before the rest of the batch is planned.
          if (firedAt.length === 1) move({ groupId: "g", nextFireAt: begin + 2 * MINUTE, delayMs: 0 });
          return fires.map(({ groupId }) => ({
            groupId,
            outcome: "deferred",
            runs: [],
            nextFireAt: begin + 61 * MINUTE,
          }));
        },
      },
    };
    await engine.start(context as EngineContext);
    await clock.settle();
    move({ groupId: "g", nextFireAt: begin + MINUTE, delayMs: 0 });
    await clock.advance(3 * MINUTE);
    expect(firedAt).toEqual([MINUTE, 2 * MINUTE]);
    await engine.stop();
  });
});
