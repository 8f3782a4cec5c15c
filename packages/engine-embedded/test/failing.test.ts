import { beforeEach, describe, expect, it } from "@jest/globals";
import { StoreError } from "@tidegate/core";
import type { EngineContext } from "@tidegate/core/engine";
import { createEmitter, MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { EmbeddedEngine } from "../src/embedded-engine.js";
import { settingsOf } from "../src/options.js";

let clock: VirtualClock;
let engine: EmbeddedEngine;
let troubles: unknown[];
/** Fires that wait for their answer. */
let fires: { fail: (error: Error) => void }[];

/** An engine with one fire that is under way. */
beforeEach(async () => {
  clock = new VirtualClock();
  fires = [];
  troubles = [];
  const store = new MemoryStore({ clock });
  await store.open();
  const due = {
    groupId: "g",
    version: 1,
    engine: "embedded",
    fireAt: clock.now(),
    scheduledTime: clock.now(),
  };
  store.due = async () => [due];
  const events = createEmitter();
  events.on("trouble", (trouble) => troubles.push(trouble));
  engine = new EmbeddedEngine({ store, clock }, settingsOf({}));
  const context: EngineContext = {
    events,
    onFireMoved: () => () => {},
    sink: { fire: () => new Promise((_, fail) => fires.push({ fail })) },
  };
  await engine.start(context);
  await clock.settle();
  expect(fires).toHaveLength(1);
});

describe("an embedded engine whose fire fails", () => {
  it("tells why, and fires again", async () => {
    fires[0]!.fail(new StoreError("STORE_FULL", "the disk is full"));
    await clock.settle();
    expect(troubles).toEqual([
      { where: "engine", error: { code: "STORE_FULL", message: "the disk is full" } },
    ]);
    await clock.advance(1_000);
    expect(fires).toHaveLength(2);
    fires[1]!.fail(new Error("broken"));
    await engine.stop();
    expect(troubles).toHaveLength(1);
  });

  it("leaves no timer behind if it is stopped meanwhile", async () => {
    let isStopped = false;
    const stopping = engine.stop().then(() => {
      isStopped = true;
    });
    await clock.settle();
    expect(isStopped).toBe(false);
    fires[0]!.fail(new Error("broken"));
    await stopping;
    expect(clock.pendingTimers).toBe(0);
  });
});
