import { describe, expect, it } from "@jest/globals";
import type { EngineContext, EngineSchedule } from "@tidegate/core/engine";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { EmbeddedEngine } from "../src/embedded-engine.js";
import { settingsOf } from "../src/options.js";

describe("an engine that is stopped while it hands fires over", () => {
  it("waits for the answer, and leaves no timer behind if there is none", async () => {
    const clock = new VirtualClock();
    const store = new MemoryStore({ clock });
    await store.open();
    const engine = new EmbeddedEngine({ store, clock }, settingsOf({}));
    let fail: (error: Error) => void = () => {};
    const context: Pick<EngineContext, "sink" | "onFireMoved"> = {
      onFireMoved: () => () => {},
      sink: { fire: () => new Promise((_, reject) => (fail = reject)) },
    };
    await engine.start(context as EngineContext);
    await clock.settle();
    await engine.handleRegister([{ groupId: "g", nextFireAt: clock.now(), delayMs: 0 } as EngineSchedule]);
    await clock.advance(1);
    let isStopped = false;
    const stopping = engine.stop().then(() => {
      isStopped = true;
    });
    await clock.settle();
    expect(isStopped).toBe(false);
    fail(new Error("the store is away"));
    await stopping;
    expect(clock.pendingTimers).toBe(0);
  });
});
