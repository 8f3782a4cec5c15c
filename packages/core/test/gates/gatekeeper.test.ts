import { describe, expect, it } from "@jest/globals";
import type { Gate, GateAnswer } from "../../src/gate/gate.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { closed, ScriptedGate } from "../support/scripted-gate.js";
import { failed } from "../support/scripted-operator.js";
import { World, type WorldOptions } from "../support/world.js";

const GATED = { gates: { door: { is: "heavy" } } };

async function gatedWorld(
  more: Partial<ScheduleInfo> = {},
  options: WorldOptions = {},
): Promise<{ world: World; gate: ScriptedGate }> {
  const gate = new ScriptedGate();
  const world = await World.start({ gates: [gate], ...options });
  await world.client.register(hourly("orders", { ...GATED, ...more }));
  return { world, gate };
}

const stateOf = async (world: World): Promise<string[]> =>
  (await world.runs("orders")).map(({ state, place }) => `${state} ${place}`);

describe("a run of a schedule with a gate", () => {
  it("begins when the gate opens, at once if it is open", async () => {
    const { world, gate } = await gatedWorld();
    await world.fireAt("orders", T0 + HOUR);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
    expect(gate.requests).toEqual([
      {
        runId: (await world.runs("orders"))[0]!.id,
        groupId: "orders",
        kind: "SCHEDULED",
        interval: { lower: T0, upper: T0 + HOUR },
        generation: 0,
        scheduledTime: T0 + HOUR,
        timezone: "UTC",
        settings: { is: "heavy" },
        heldSince: T0 + HOUR,
      },
    ]);
  });

  it("is held while the gate is closed, says why, and is asked about when the gate says so", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = ({ interval }, { now }) =>
      now < T0 + 90 * MINUTE
        ? closed({ lookAgainAt: T0 + 90 * MINUTE, missing: [interval] })
        : { isOpen: true };
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    expect(run).toMatchObject({
      state: "PLANNED",
      place: "gated",
      wait: { reason: "the door is shut (door)", since: T0 + HOUR, lookAgainAt: T0 + 90 * MINUTE },
    });
    expect((await world.client.explain(run!.id)).reasons).toEqual([
      "It is held by a gate since 2026-01-01T01:00:00.000Z: the door is shut (door); missing: [2026-01-01T00:00:00.000Z, 2026-01-01T01:00:00.000Z). Asked again by 2026-01-01T01:30:00.000Z.",
    ]);
    expect(await world.client.describe("orders")).toMatchObject({
      schedule: { gatedRuns: 1, admittedRuns: 0 },
    });
    await world.advance(30 * MINUTE - 1);
    expect(gate.batches).toHaveLength(1);
    expect(world.operator.submissions).toEqual([]);
    await world.advance(1);
    expect(gate.batches).toHaveLength(2);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("is asked about each minute by a gate that does not say when", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed();
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(3 * MINUTE);
    expect(gate.batches).toHaveLength(4);
    expect((await world.runs("orders"))[0]!.wait!.since).toBe(T0 + HOUR);
  });

  it("is not asked about faster than each second, whatever the gate says", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed({ lookAgainAt: 0 });
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(3_000);
    expect(gate.batches).toHaveLength(4);
  });

  it("keeps its turn: later intervals of its lane wait behind it, and are not asked about", async () => {
    const { world, gate } = await gatedWorld();
    let isOpen = false;
    gate.answer = () => (isOpen ? { isOpen } : closed());
    await world.fireAt("orders", T0 + 3 * HOUR);
    expect(await stateOf(world)).toEqual(["PLANNED gated", "PLANNED waiting", "PLANNED waiting"]);
    expect(new Set(gate.requests.map(({ interval }) => interval.lower))).toEqual(new Set([T0]));
    isOpen = true;
    await world.advance(MINUTE);
    expect(world.operator.submissions.map(({ lowerBound }) => Number(lowerBound))).toEqual([
      T0,
      T0 + HOUR,
      T0 + 2 * HOUR,
    ]);
  });

  it("is overtaken with overlap allow, and all are asked about together", async () => {
    const { world, gate } = await gatedWorld({ overlap: "allow", maxActiveRuns: 1 });
    gate.answer = ({ interval }) => (interval.lower === T0 ? closed() : { isOpen: true });
    await world.fireAt("orders", T0 + 3 * HOUR);
    expect(gate.batches[0]).toHaveLength(3);
    expect(await stateOf(world)).toEqual(["PLANNED gated", "SUCCEEDED none", "SUCCEEDED none"]);
  });

  it("is woken when a run of a group ends that the gate has named", async () => {
    const { world, gate } = await gatedWorld();
    await world.client.register(hourly("upstream", { maxAttempts: 1, onFailure: "continue" }));
    let isOpen = false;
    gate.answer = () =>
      isOpen ? { isOpen } : closed({ lookAgainAt: T0 + 100 * HOUR, wokenBy: ["upstream"] });
    await world.fireAt("orders", T0 + HOUR);
    const asked = gate.batches.length;
    isOpen = true;
    await world.advance(HOUR);
    expect(gate.batches).toHaveLength(asked);
    world.operator.answer = () => failed("no space left", false);
    await world.engine.fire("upstream", T0 + HOUR);
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    await world.settle();
    expect(gate.batches).toHaveLength(asked + 1);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("misses no run that ends between the first answer and its writing", async () => {
    const { world, gate } = await gatedWorld();
    await world.client.register(hourly("upstream"));
    gate.answer = async (): Promise<GateAnswer> => {
      const [done] = await world.runs("upstream", { states: ["SUCCEEDED"] });
      if (done !== undefined) return { isOpen: true };
      if (gate.batches.length === 1) await world.engine.fire("upstream", T0 + HOUR);
      if (gate.batches.length === 1) await world.settle();
      return closed({ lookAgainAt: T0 + 100 * HOUR, wokenBy: ["upstream"] });
    };
    await world.fireAt("orders", T0 + HOUR);
    await world.settle();
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("needs all its gates: their reasons are told together, and they are asked again when all may be open", async () => {
    const gate = new ScriptedGate();
    const second = new ScriptedGate("window");
    const world = await World.start({ gates: [gate, second] });
    await world.client.register(hourly("orders", { gates: { door: {}, window: 7 } }));
    gate.answer = (_, { now }) =>
      now < T0 + 61 * MINUTE ? closed({ lookAgainAt: T0 + 61 * MINUTE }) : { isOpen: true };
    second.answer = ({ settings }, { now }) =>
      now < T0 + 70 * MINUTE
        ? closed({ reason: `not for ${settings}`, lookAgainAt: T0 + 70 * MINUTE })
        : { isOpen: true };
    await world.fireAt("orders", T0 + HOUR);
    expect((await world.runs("orders"))[0]!.wait).toMatchObject({
      reason: "the door is shut (door); not for 7 (window)",
      lookAgainAt: T0 + 70 * MINUTE,
    });
    await world.advance(10 * MINUTE);
    expect([gate.batches.length, second.batches.length]).toEqual([2, 2]);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("does not go through its gates again between two attempts", async () => {
    const { world, gate } = await gatedWorld({ maxAttempts: 2, backoff: { initialMs: 1_000 } });
    world.operator.answer = () => failed("flaky");
    await world.fireAt("orders", T0 + HOUR);
    gate.answer = () => closed();
    world.operator.answer = () => ({ state: "SUCCEEDED" });
    await world.advance(MINUTE);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
    expect(gate.batches).toHaveLength(1);
  });
});

describe("runs beside the lane go through gates as well:", () => {
  it("a re-run", async () => {
    const { world, gate } = await gatedWorld();
    await world.fireAt("orders", T0 + HOUR);
    gate.answer = () => closed();
    await world.client.backfill({ groupId: "orders", from: T0, to: T0 + HOUR, select: "all" });
    await world.settle();
    expect(await stateOf(world)).toEqual(["SUCCEEDED none", "PLANNED gated"]);
    gate.answer = () => ({ isOpen: true });
    await world.advance(MINUTE);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none", "SUCCEEDED none"]);
  });

  it("one that a person asks for while the schedule is paused", async () => {
    const { world, gate } = await gatedWorld();
    await world.client.pause("orders", "maintenance");
    await world.clock.advanceTo(T0 + HOUR);
    gate.answer = () => closed();
    await world.client.trigger("orders");
    await world.settle();
    expect(await stateOf(world)).toEqual(["PLANNED gated"]);
  });
});

describe("a gate that is broken", () => {
  it("holds its runs, is reported, and is asked again later and later", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => {
      throw new Error("connection refused");
    };
    await world.fireAt("orders", T0 + HOUR);
    const [run] = await world.runs("orders");
    expect(run).toMatchObject({
      place: "gated",
      wait: { reason: "its gate is broken: connection refused (door)" },
    });
    expect(world.eventsOf("trouble")).toEqual([
      {
        where: "gate",
        groupId: "orders",
        runId: run!.id,
        error: { code: "GATE_BROKEN", message: 'Gate "door" is broken: connection refused' },
      },
    ]);
    await world.advance(2_499);
    expect(gate.batches).toHaveLength(1);
    await world.advance(2_501);
    expect(gate.batches).toHaveLength(2);
    await world.advance(HOUR);
    expect(gate.batches.length).toBeGreaterThan(10);
    expect(gate.batches.length).toBeLessThan(40);
    gate.answer = () => ({ isOpen: true });
    await world.advance(5 * MINUTE);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it.each([
    ["gives no answers", async () => undefined, "it returned no list of answers"],
    ["gives too few", async () => [], "it gave 0 answers to 1 requests"],
    [
      "gives no reason",
      async () => [{ isOpen: false }],
      "its answer 0 is neither open nor closed with a reason",
    ],
    [
      "is not asynchronous and throws",
      () => {
        throw new Error("no");
      },
      "no",
    ],
    ["never answers", () => new Promise(() => undefined), "it did not answer within 30000 ms"],
  ])("is one that %s", async (_, check, problem) => {
    const gate = { gateType: "door", check } as unknown as Gate;
    const world = await World.start({ gates: [gate] });
    await world.client.register(hourly("orders", GATED));
    await world.fireAt("orders", T0 + HOUR);
    await world.advance(30_000);
    expect((await world.runs("orders"))[0]!.wait!.reason).toBe(`its gate is broken: ${problem} (door)`);
    await world.stop();
  });

  it("costs the other runs nothing if one request breaks it", async () => {
    const { world, gate } = await gatedWorld();
    await world.client.register(hourly("payments", { gates: { door: { breaks: true } } }));
    gate.answer = ({ settings }) => {
      if ((settings as { breaks?: boolean }).breaks) throw new Error("poisoned");
      return { isOpen: true };
    };
    await world.clock.advanceTo(T0 + HOUR);
    await Promise.all([world.engine.fire("payments", T0 + HOUR), world.engine.fire("orders", T0 + HOUR)]);
    await world.settle();
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
    expect((await world.runs("payments"))[0]!.wait!.reason).toMatch(/poisoned/);
  });

  it("is not asked about each of many runs if none can be answered", async () => {
    const { world, gate } = await gatedWorld({ overlap: "allow" });
    gate.answer = () => {
      throw new Error("down");
    };
    await world.fireAt("orders", T0 + 9 * HOUR);
    expect(gate.batches.map(({ length }) => length)).toEqual([9, 1, 1, 1]);
    expect(await stateOf(world)).toEqual(new Array(9).fill("PLANNED gated"));
  });

  it("may say so of one request by itself", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed({ reason: "no such bucket", isBroken: true });
    await world.fireAt("orders", T0 + HOUR);
    expect(world.eventsOf("trouble")).toMatchObject([{ where: "gate", error: { code: "GATE_BROKEN" } }]);
    expect((await world.runs("orders"))[0]!.wait!.reason).toBe("no such bucket (door)");
  });
});

describe("a schedule with gated runs", () => {
  it("asks no gate while it is paused, and asks anew when it is resumed", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed();
    await world.fireAt("orders", T0 + HOUR);
    await world.client.pause("orders", "maintenance");
    const asked = gate.batches.length;
    await world.advance(HOUR);
    expect(gate.batches).toHaveLength(asked);
    expect(await stateOf(world)).toEqual(["PLANNED waiting"]);
    gate.answer = () => ({ isOpen: true });
    await world.client.resume("orders");
    await world.settle();
    expect((await stateOf(world))[0]).toBe("SUCCEEDED none");
  });

  it("cancels them when it is unregistered", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed();
    await world.fireAt("orders", T0 + HOUR);
    await world.client.unregister("orders");
    const asked = gate.batches.length;
    await world.advance(HOUR);
    expect(gate.batches).toHaveLength(asked);
    expect(await world.runs("orders")).toMatchObject([{ state: "CANCELLED", reason: "unregistered" }]);
  });

  it("goes on with the next one when one is cancelled", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = ({ interval }) => (interval.lower === T0 ? closed() : { isOpen: true });
    await world.fireAt("orders", T0 + 2 * HOUR);
    await world.client.cancelRun((await world.runs("orders"))[0]!.id);
    await world.settle();
    expect(await stateOf(world)).toEqual(["CANCELLED none", "SUCCEEDED none"]);
  });

  it("goes by the new gates if they adopt an update, and by the old ones if not", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed();
    await world.fireAt("orders", T0 + HOUR);
    await world.client.update(hourly("orders"), { version: 1 });
    await world.advance(5 * MINUTE);
    expect(await stateOf(world)).toEqual(["PLANNED gated"]);
    await world.client.update(hourly("orders", { description: "no gates" }), {
      version: 2,
      plannedRuns: "adopt",
    });
    await world.settle();
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("refuses gates that are not there, and settings that the gate refuses", async () => {
    const { world } = await gatedWorld();
    await expect(world.client.register(hourly("a", { gates: { dor: {} } }))).rejects.toMatchObject({
      code: "GATE_UNKNOWN",
      field: "gates.dor",
      message: 'gates.dor: no gate "dor" is installed; known: door.',
    });
    await expect(world.client.register(hourly("a", { gates: { notBefore: {} } }))).rejects.toMatchObject({
      code: "GATE_UNKNOWN",
    });
    await expect(
      world.client.register(hourly("a", { gates: { door: { isMalformed: true } } })),
    ).rejects.toMatchObject({
      code: "SCHEDULE_INVALID",
      field: "gates.door",
      message: "gates.door: must not be malformed",
    });
  });
});

describe("a manager", () => {
  it("asks again after a restart: what it knew is in the store", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed({ lookAgainAt: T0 + 2 * HOUR });
    await world.fireAt("orders", T0 + HOUR);
    await world.restart();
    expect(gate.batches).toHaveLength(1);
    gate.answer = () => ({ isOpen: true });
    await world.advance(HOUR);
    expect((await stateOf(world))[0]).toBe("SUCCEEDED none");
  });

  it("stops although a gate never answers, and leaves the run as it was", async () => {
    const gate = new ScriptedGate();
    const world = await World.start({ gates: [gate] });
    await world.client.register(hourly("orders", GATED));
    let signal: AbortSignal | undefined;
    gate.answer = (_, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    };
    await world.fireAt("orders", T0 + HOUR);
    await world.stop();
    expect(signal?.aborted).toBe(true);
    gate.answer = () => ({ isOpen: true });
    await world.start();
    expect(world.eventsOf("trouble")).toEqual([]);
    expect(await stateOf(world)).toEqual(["SUCCEEDED none"]);
  });

  it("explains that it lacks a gate, and leaves the run to others", async () => {
    const { world, gate } = await gatedWorld();
    gate.answer = () => closed();
    await world.fireAt("orders", T0 + HOUR);
    await world.stop();
    const other = await World.start({ store: world.store, clock: world.clock });
    await other.advance(2 * HOUR);
    const [run] = await other.runs("orders");
    expect(run).toMatchObject({ place: "gated" });
    expect((await other.client.explain(run!.id)).reasons).toContain(
      'It needs gate "door", which this manager does not have; a manager that has it will ask it.',
    );
  });

  it("touches no gate's queue for schedules without gates", async () => {
    const calls: string[] = [];
    const counting = new Proxy<ScheduleStore>(new MemoryStore(), {
      get: (target, name) => {
        const value = Reflect.get(target, name, target) as unknown;
        if (typeof value !== "function") return value;
        return (...values: unknown[]) => {
          calls.push(String(name));
          return Reflect.apply(value, target, values) as unknown;
        };
      },
    });
    const world = await World.start({ store: counting, gates: [new ScriptedGate()] });
    await world.client.register(hourly("orders"));
    await world.fireAt("orders", T0 + 5 * HOUR);
    expect(await stateOf(world)).toEqual(new Array(5).fill("SUCCEEDED none"));
    expect(calls.filter((name) => /gate/i.test(name))).toEqual([]);
  });
});

describe("the inputs that a gate names", () => {
  const SOURCE = { groupId: "source", lower: T0, upper: T0 + HOUR };

  it("are kept with the run, and those of all gates together", async () => {
    const second = new ScriptedGate("window");
    const { world, gate } = await gatedWorld(
      { gates: { door: {}, window: {} } },
      { gates: [new ScriptedGate(), second] },
    );
    expect(gate.requests).toEqual([]);
    const [digest] = await world.store.generationDigests([SOURCE]);
    second.answer = () => ({ isOpen: true, inputs: [{ ...SOURCE, digest: digest! }] });
    await world.fireAt("orders", T0 + HOUR);
    expect((await world.runs("orders"))[0]).toMatchObject({
      state: "SUCCEEDED",
      inputs: [{ ...SOURCE, digest }],
      staleAt: null,
    });
  });

  it("are asked for again, soon, if they have moved before the answer is written", async () => {
    const { world, gate } = await gatedWorld();
    const [digest] = await world.store.generationDigests([SOURCE]);
    gate.answer = () => ({
      isOpen: true,
      inputs: [{ ...SOURCE, digest: gate.batches.length < 3 ? "of another day" : digest! }],
    });
    await world.fireAt("orders", T0 + HOUR);
    expect((await world.runs("orders"))[0]).toMatchObject({ place: "gated", inputs: [] });
    await world.advance(2_000);
    expect(gate.batches).toHaveLength(3);
    expect((await world.runs("orders"))[0]).toMatchObject({ state: "SUCCEEDED", inputs: [{ digest }] });
  });
});
