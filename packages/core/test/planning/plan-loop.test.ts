import { describe, expect, it } from "@jest/globals";
import { createEmitter } from "../../src/events/events.js";
import { createSignals } from "../../src/events/signals.js";
import { OffsetProviders } from "../../src/offset/offset-providers.js";
import { FailingGroups } from "../../src/planning/failing-groups.js";
import { PlanLoop } from "../../src/planning/plan-loop.js";
import { newWork } from "../../src/planning/plan-work.js";
import { ScheduleCache } from "../../src/planning/schedule-cache.js";
import { SourceLooks } from "../../src/planning/source-looks.js";
import { SpecCache } from "../../src/planning/spec-cache.js";
import { HOUR, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { World } from "../support/world.js";

describe("a look at a source", () => {
  it("comes to its end although its schedule was dropped from memory, and purged, before it began", async () => {
    const source = new ScriptedSource("log", { "0": 10 });
    const world = await World.start({ offsetProviders: [source] });
    await world.client.register(
      hourly("orders", {
        boundaryType: "OFFSET",
        source: { type: "log", topic: "orders" },
        startAt: "earliest",
      }),
    );
    await world.clock.advanceTo(T0 + HOUR);
    const { store, clock } = world;
    const emitter = createEmitter(clock);
    const cache = new ScheduleCache();
    const parts = { store, clock, emitter, namespace: "default", cache };
    const providers = new OffsetProviders([source]);
    let purged: Promise<unknown> | undefined;
    const loop = new PlanLoop({
      ...parts,
      signals: createSignals(emitter),
      specs: new SpecCache(store, "default"),
      failing: new FailingGroups(parts),
      looks: new SourceLooks({ ...parts, providers, timeoutMs: 1_000 }),
      recheckMs: () => {
        // Between the decision to look and the look.
        queueMicrotask(() => {
          cache.forget("orders");
          purged ??= store.purgeSchedule("orders");
        });
        return 1_000;
      },
      onDecided: () => undefined,
    });
    const work = newWork("orders", "asked");
    await loop.run([work]);
    const looking = work.looking;
    let hasEnded = false;
    void looking!.then(() => {
      hasEnded = true;
    });
    await clock.settle();
    await purged;
    expect(hasEnded).toBe(true);
    expect(work).toMatchObject({ looking: undefined, isUnknown: true, runs: [] });
    await world.stop();
  });
});
