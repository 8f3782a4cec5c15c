import { describe, expect, it, jest } from "@jest/globals";
import type TypedEventEmitter from "typed-emitter";
import type { TidegateEmitter, TidegateEvents, TroubleEvent } from "../../src/events/events.js";
import { createEmitter } from "../../src/events/events.js";
import { Bench } from "../support/bench.js";

const hourly = { groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } } as const;

describe("a listener that throws", () => {
  it("holds up no run, and is told of", async () => {
    const bench = await Bench.started();
    for (const name of [
      "runs-planned",
      "run-state",
      "runs-ended",
      "schedule-status",
      "fire-moved",
    ] as const) {
      bench.tidegate.events.prependListener(name, () => {
        throw new Error(`${name} is not for me`);
      });
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

describe("the type of the emitter", () => {
  it("has the shape of the package typed-emitter, both ways", () => {
    const ours = createEmitter();
    const theirs: TypedEventEmitter.default<TidegateEvents> = ours;
    const back: TidegateEmitter = theirs;
    expect(back).toBe(ours);
  });
});
