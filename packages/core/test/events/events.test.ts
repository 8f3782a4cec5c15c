import { describe, expect, it, jest } from "@jest/globals";
import type TypedEventEmitter from "typed-emitter";
import type { FireMoved } from "../../src/engine/engine.js";
import type { TidegateEmitter, TidegateEvents, TroubleEvent } from "../../src/events/events.js";
import { createEmitter } from "../../src/events/events.js";
import { SERVICES } from "../../src/wiring/core-module.js";
import { Bench, hour, running } from "../support/bench.js";
import { failed } from "../support/scripted-operator.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

describe("a listener that throws", () => {
  it("holds up no run, and is told of", async () => {
    const bench = await Bench.started();
    const refuse = (name: string) => () => {
      throw new Error(`${name} is not for me`);
    };
    for (const name of ["runs-planned", "run-state", "schedule-status"] as const) {
      bench.tidegate.events.prependListener(name, refuse(name));
    }
    const signals = bench.tidegate.container.get(SERVICES).signals;
    for (const name of ["runs-ended", "runs-claimable", "fire-moved"] as const) {
      signals.prependListener(name, refuse(name));
    }
    await bench.client.register(hourly);
    await bench.fireAt(2);
    expect(bench.intervals).toEqual([
      [0, 1],
      [1, 2],
    ]);
    expect(await bench.client.audit("orders")).toMatchObject({ isComplete: true });
    expect(bench.troubles.length).toBeGreaterThan(0);
    expect(new Set(bench.troubles.map(({ error }) => error.code))).toEqual(new Set(["LISTENER_FAILED"]));
  });

  it("keeps no other from hearing, and is a warning of the process where it listened for troubles", () => {
    const emitter = createEmitter();
    const heard: string[] = [];
    const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    emitter.on("trouble", () => {
      throw new Error("full");
    });
    emitter.on("trouble", ({ where }: TroubleEvent) => heard.push(where));
    emitter.once("trouble", () => heard.push("once"));
    const trouble: TroubleEvent = { where: "planner", error: { code: "PLAN_FAILED", message: "" } };
    expect(emitter.emit("trouble", trouble)).toBe(true);
    expect(heard).toEqual(["planner", "once"]);
    expect(warn.mock.calls).toEqual([["A listener of trouble threw: full"]]);
    warn.mockRestore();
    expect(emitter.listenerCount("trouble")).toBe(2);
  });
});

describe("the events of an instance", () => {
  it("are facts alone: what its parts ask of one another is not among them", async () => {
    const bench = await Bench.started(() => failed("no", false));
    const emitted = new Set<string | symbol>();
    bench.tidegate.events.on("run-state", () => {});
    const emit = jest.spyOn(bench.tidegate.events, "emit");
    const policies = { overlap: "cancel-running", onFailure: "pause", maxAttempts: 1 } as const;
    await bench.client.register({ ...hourly, ...policies });
    await bench.fireAt(1);
    await bench.clock.settle();
    await bench.client.resume("orders");
    bench.operator.answer = running;
    await bench.fireAt(2);
    await bench.fireAt(3);
    for (const [name] of emit.mock.calls) emitted.add(name);
    expect(emitted).toEqual(new Set(["schedule-status", "runs-planned", "run-state", "clock-stepped"]));
    expect((await bench.client.runs({ groupId: "orders" })).items.map(({ state }) => state)).toContain(
      "CANCELLED",
    );
    emit.mockRestore();
  });

  it("tell an engine of due times that it has not moved itself, until it no longer listens", async () => {
    const bench = await Bench.started();
    await bench.client.register(hourly);
    const moved: FireMoved[] = [];
    const stop = bench.engine.context!.onFireMoved((move) => moved.push(move));
    await bench.fireAt(1);
    expect(moved).toEqual([]);
    bench.clock.set(hour(2));
    await bench.client.trigger("orders");
    expect(moved).toEqual([{ groupId: "orders", nextFireAt: hour(3), delayMs: 0 }]);
    stop();
    bench.clock.set(hour(3));
    await bench.client.trigger("orders");
    expect(moved).toHaveLength(1);
  });
});

describe("the type of the emitter", () => {
  it("has the shape of the package typed-emitter, both ways", () => {
    const ours = createEmitter();
    const theirs: TypedEventEmitter.default<TidegateEvents> = ours;
    const back: TidegateEmitter = theirs;
    expect(back).toBe(ours);
  });
});
