import { describe, expect, it } from "@jest/globals";
import { ContainerModule } from "inversify";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import type { EngineRepairedEvent, TroubleEvent } from "../../src/events/events.js";
import { MemoryStore } from "../../src/store/memory-store.js";
import type { ScheduleStore } from "../../src/store/schedule-store.js";
import { createTidegate, type TidegateOptions } from "../../src/wiring/tidegate.js";
import { TOKENS } from "../../src/wiring/tokens.js";
import { shared } from "../support/fleet.js";
import { HOUR, T0 } from "../support/instants.js";
import { ManualEngine } from "../support/manual-engine.js";
import { hourly } from "../support/schedules.js";
import { ScriptedOperator } from "../support/scripted-operator.js";

const MINUTE = 60_000;

/** A scheduler outside, whose definitions the objects of several processes change. */
class Remote extends ManualEngine {
  stops = 0;

  constructor(scheduler?: Remote) {
    super({ engineType: "Remote" });
    if (scheduler !== undefined) Object.assign(this, { held: scheduler.held, calls: scheduler.calls });
  }

  override async stop(): Promise<void> {
    this.stops += 1;
    await super.stop();
  }
}

/** One process that registers, and one that fires, over one store and one scheduler. */
async function twoProcesses(more: Partial<TidegateOptions> = {}) {
  const clock = new VirtualClock();
  const store = new MemoryStore({ clock });
  await store.open();
  const engine = new Remote();
  const client = new Remote(engine);
  const common = (): Pick<TidegateOptions, "store" | "operators" | "clock" | "reconcileEveryMs"> => ({
    store: shared(store),
    operators: [new ScriptedOperator()],
    clock,
    reconcileEveryMs: MINUTE,
  });
  const registering = createTidegate({ ...common(), engineClients: [client], ...more });
  const firing = createTidegate({ ...common(), engines: [engine], reconcileEveryMs: 1_000 * HOUR });
  const troubles: TroubleEvent[] = [];
  const repairs: EngineRepairedEvent[] = [];
  registering.events.on("trouble", (trouble) => troubles.push(trouble));
  registering.events.on("engine-repaired", (repair) => repairs.push(repair));
  await registering.start();
  await firing.start();
  const stop = async () => {
    let isStopped = false;
    const stopping = Promise.all([registering.stop(), firing.stop()]).then(() => {
      isStopped = true;
    });
    while (!isStopped) await clock.advance(1_000);
    await stopping;
  };
  return { clock, engine, client, registering, firing, troubles, repairs, stop };
}

describe("a process with an engine's client alone", () => {
  it("registers schedules, which the engine fires in another process", async () => {
    const { clock, engine, client, registering, firing, troubles, stop } = await twoProcesses();
    const { schedule } = await registering.client.register(hourly("orders"));
    expect(schedule).toMatchObject({ status: "REGISTERED", spec: { engine: "Remote" } });
    expect([...engine.held]).toEqual([["orders", 1]]);
    await clock.advanceTo(T0 + HOUR);
    expect(await engine.fire("orders", T0 + HOUR)).toMatchObject([{ outcome: "planned" }]);
    await clock.advance(2_000);
    expect((await firing.client.runs({ groupId: "orders" })).items).toMatchObject([
      { lower: T0, upper: T0 + HOUR, state: "SUCCEEDED" },
    ]);
    await registering.client.pause("orders");
    expect([...engine.held]).toEqual([]);
    await registering.client.resume("orders");
    expect([...engine.held]).toEqual([["orders", 1]]);
    await registering.client.unregister("orders");
    expect([...engine.held]).toEqual([]);
    expect(troubles).toEqual([]);
    await stop();
    expect({ engine: engine.stops, client: client.stops }).toEqual({ engine: 1, client: 1 });
  });

  it("repairs what the engine has lost, and what it was not told of", async () => {
    const { clock, engine, registering, repairs, stop } = await twoProcesses();
    for (const groupId of ["kept", "lost"]) await registering.client.register(hourly(groupId));
    engine.held.delete("lost");
    engine.held.set("strange", 1);
    await clock.advance(MINUTE);
    expect([...engine.held].sort()).toEqual([
      ["kept", 1],
      ["lost", 1],
    ]);
    expect(repairs).toEqual([{ engine: "Remote", registered: 1, updated: 0, removed: 1 }]);
    await stop();
  });

  it("knows the engine by its name in any case, and no other", async () => {
    const { registering, stop } = await twoProcesses();
    const named = await registering.client.register(hourly("orders", { engine: "REMOTE" }));
    expect(named.schedule.spec.engine).toBe("Remote");
    await expect(registering.client.register(hourly("payments", { engine: "cron" }))).rejects.toMatchObject({
      code: "ENGINE_UNKNOWN",
      message: expect.stringContaining("known: Remote"),
    });
    await stop();
  });

  it("may be given the module of the engine, which it never starts", async () => {
    const client = new Remote();
    let injected: ScheduleStore | undefined;
    const module = new ContainerModule(({ bind }) => {
      bind(TOKENS.engine)
        .toDynamicValue((context) => {
          injected = context.get(TOKENS.store);
          return client;
        })
        .inSingletonScope();
    });
    const { registering, stop } = await twoProcesses({ engineClients: [module] });
    await registering.client.register(hourly("orders"));
    expect([...client.held]).toEqual([["orders", 1]]);
    expect(injected).toBe(registering.container.get(TOKENS.store));
    expect(client.context).toBeUndefined();
    expect(registering.container.getAll(TOKENS.engine, { optional: true })).toEqual([]);
    await stop();
    expect(client.stops).toBe(1);
  });
});

describe("engine clients", () => {
  const given = (parts: object) =>
    createTidegate({ store: new MemoryStore(), operators: [new ScriptedOperator()], ...parts });

  it.each([
    ["two of one engine", { engineClients: [new Remote(), new Remote()] }, "engineClients"],
    ["what is no client", { engineClients: [{ engineType: "mine" }] }, "engineClients"],
    ["what is no list", { engineClients: new Remote() }, "engineClients"],
    ["none, and no engine", { engineClients: [] }, "engines"],
  ])("are refused if there are %s", (_, parts, field) => {
    expect(() => given(parts)).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID", field }));
  });

  it("leave the first engine of the process the default", async () => {
    const engine = new ManualEngine();
    const remote = new Remote();
    const tidegate = given({ engines: [engine], engineClients: [remote] });
    await tidegate.start();
    const { schedule } = await tidegate.client.register(hourly("orders"));
    expect(schedule.spec.engine).toBe("manual");
    await tidegate.client.register(hourly("payments", { engine: "remote" }));
    expect([[...engine.held.keys()], [...remote.held.keys()]]).toEqual([["orders"], ["payments"]]);
    await tidegate.stop();
  });
});
