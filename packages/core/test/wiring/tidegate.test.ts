import { describe, expect, it } from "@jest/globals";
import { Container, ContainerModule, type ContainerModuleLoadOptions } from "inversify";
import { MemoryStore } from "../../src/store/memory-store.js";
import { tidegateModule } from "../../src/wiring/core-module.js";
import { createTidegate, Tidegate, type TidegateOptions } from "../../src/wiring/tidegate.js";
import { TOKENS } from "../../src/wiring/tokens.js";
import { Bench, running } from "../support/bench.js";
import { ManualEngine } from "../support/manual-engine.js";
import { ScriptedOperator } from "../support/scripted-operator.js";

const parts = () => ({
  store: new MemoryStore(),
  engines: [new ManualEngine()],
  operators: [new ScriptedOperator()],
});

describe("createTidegate", () => {
  it.each([
    ["engines", { engines: [] }],
    ["operators", { operators: [] }],
    ["engines", { engines: [new ManualEngine(), new ManualEngine({ engineType: "MANUAL" })] }],
    ["operators", { operators: [new ScriptedOperator(), new ScriptedOperator()] }],
  ])("refuses %s that are missing or named alike", (field, wrong) => {
    const code = "CONFIGURATION_INVALID";
    expect(() => createTidegate({ ...parts(), ...wrong })).toThrow(expect.objectContaining({ code, field }));
  });

  const refusal = (wrong: object) => {
    try {
      createTidegate({ ...parts(), ...wrong } as TidegateOptions);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    ["no number of runs", { dispatcher: { maxConcurrentRuns: Number.NaN } }, "dispatcher.maxConcurrentRuns"],
    ["no run at all", { dispatcher: { maxConcurrentRuns: 0 } }, "dispatcher.maxConcurrentRuns"],
    ["half a run", { dispatcher: { maxConcurrentRuns: 0.5 } }, "dispatcher.maxConcurrentRuns"],
    ["a negative lease", { dispatcher: { leaseMs: -1 } }, "dispatcher.leaseMs"],
    ["a duration as text", { reconcileEveryMs: "5m" }, "reconcileEveryMs"],
    ["an endless pause", { watchdogEveryMs: Number.POSITIVE_INFINITY }, "watchdogEveryMs"],
    ["an empty namespace", { namespace: "" }, "namespace"],
    ["another word for a choice", { onEngineDrift: "repair" }, "onEngineDrift"],
    ["a name that does not exist", { dispatcher: { maxConcurentRuns: 1 } }, "dispatcher"],
    ["a setting that does not exist", { watchdogMs: 5_000 }, ""],
  ])("refuses %s", (_, wrong, field) => {
    expect(refusal(wrong)).toMatchObject({ code: "CONFIGURATION_INVALID", field });
  });

  it.each([
    ["a factory that was not called", { store: () => {} }, "store", "call it"],
    ["a store's path", { store: "tidegate.db" }, "store", "lacks open, plan, claim"],
    ["nothing for a store", { store: undefined }, "store", "lacks open, plan, claim"],
    ["an engine among the operators", { operators: [new ManualEngine()] }, "operators", "lacks operatorType"],
    [
      "an operator that was not put in a list",
      { operators: new ScriptedOperator() },
      "operators",
      "must be a list",
    ],
  ])("refuses %s", (_, wrong, field, message) => {
    expect(refusal(wrong)).toMatchObject({
      code: "CONFIGURATION_INVALID",
      field,
      message: expect.stringContaining(message),
    });
  });

  it("takes a module of another copy of the container library", async () => {
    const module = {
      id: 1,
      load: ({ bind }: ContainerModuleLoadOptions) =>
        void bind(TOKENS.store).toConstantValue(new MemoryStore()),
    };
    const tidegate = createTidegate({ ...parts(), store: module as unknown as ContainerModule });
    await tidegate.start();
    await tidegate.stop();
  });
});

describe("a container of one's own", () => {
  const store = () =>
    new ContainerModule(({ bind }) => void bind(TOKENS.store).toConstantValue(new MemoryStore()));
  const plugins = () =>
    new ContainerModule(({ bind }) => {
      bind(TOKENS.engine).toConstantValue(new ManualEngine());
      bind(TOKENS.operator).toConstantValue(new ScriptedOperator());
    });

  it("is loaded with the same modules", async () => {
    const container = new Container();
    container.load(tidegateModule({ namespace: "own" }), store(), plugins());
    const tidegate = new Tidegate(container);
    await tidegate.start();
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    expect((await tidegate.client.register({ groupId: "orders", trigger })).schedule.status).toBe(
      "REGISTERED",
    );
    await tidegate.stop();
  });

  it.each([
    ["store", [plugins()]],
    ["engines", [store()]],
  ])("is refused where %s are missing", (field, modules) => {
    const container = new Container();
    container.load(tidegateModule(), ...modules);
    expect(() => new Tidegate(container)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });

  it("has its settings checked", () => {
    expect(() => tidegateModule({ namespace: "" })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "namespace" }),
    );
  });
});

describe("a Tidegate", () => {
  it("may be started and stopped twice", async () => {
    const tidegate = createTidegate(parts());
    await Promise.all([tidegate.start(), tidegate.start()]);
    await tidegate.start();
    expect((await tidegate.client.list()).items).toEqual([]);
    await Promise.all([tidegate.stop(), tidegate.stop()]);
    await tidegate.stop();
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that is stopped while it starts is stopped in the end", async () => {
    const tidegate = createTidegate(parts());
    const starting = tidegate.start();
    await tidegate.stop();
    await starting;
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("starts and stops in the order in which it is told to", async () => {
    const tidegate = createTidegate(parts());
    await tidegate.start();
    await Promise.all([tidegate.stop(), tidegate.start()]);
    expect((await tidegate.client.list()).items).toEqual([]);
    await Promise.all([tidegate.stop(), tidegate.start(), tidegate.stop()]);
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that is stopped by two is stopped when either is told so", async () => {
    const engine = new ManualEngine();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    Object.assign(engine, { stop: () => held });
    const tidegate = createTidegate({ ...parts(), engines: [engine] });
    await tidegate.start();
    let stopped = 0;
    const stops = [tidegate.stop(), tidegate.stop()].map((stop) => stop.then(() => (stopped += 1)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(0);
    release();
    await Promise.all(stops);
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that cannot start an operator closes what it had opened, and may be started again", async () => {
    const operator = new ScriptedOperator();
    const isReachable = [false, true];
    Object.assign(operator, {
      start: async () => {
        if (isReachable.shift() === false) throw new Error("unreachable");
      },
    });
    const tidegate = createTidegate({ ...parts(), operators: [operator] });
    await expect(tidegate.start()).rejects.toThrow("unreachable");
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await tidegate.start();
    expect((await tidegate.client.list()).items).toEqual([]);
    await tidegate.stop();
  });

  it("stops all other parts, too, where one cannot be stopped, and tells why", async () => {
    const engine = new ManualEngine();
    const operator = new ScriptedOperator();
    const stopped: string[] = [];
    Object.assign(engine, {
      stop: async () => {
        throw new Error("the engine hangs");
      },
    });
    Object.assign(operator, { stop: async () => stopped.push("operator") });
    const tidegate = createTidegate({ ...parts(), engines: [engine], operators: [operator] });
    await tidegate.start();
    await expect(tidegate.stop()).rejects.toThrow("the engine hangs");
    expect(stopped).toEqual(["operator"]);
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that is stopped while the versions of a claimed run are read submits nothing after it has stopped", async () => {
    const bench = await Bench.started(running);
    const trigger = { type: "period", every: 1, unit: "hour" } as const;
    await bench.client.register({ groupId: "orders", trigger });
    await bench.client.update({ groupId: "orders", trigger, description: "changed" }, { version: 1 });
    const { listVersions } = bench.store;
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    bench.store.listVersions = async (groupId) => {
      const versions = await listVersions.call(bench.store, groupId);
      await held;
      return versions;
    };
    await bench.fireAt(1);
    let submitted: number | undefined;
    const stopped = bench.tidegate.stop().then(() => {
      submitted = bench.operator.submissions.length;
    });
    await bench.clock.advance(1_000);
    expect(bench.operator.submissions).toEqual([]);
    answer();
    await bench.clock.advance(60_000);
    await stopped;
    expect(bench.operator.submissions).toHaveLength(submitted!);
  });

  it("stops with runs under way while its store is away: their leases lapse", async () => {
    const bench = await Bench.started(running);
    await bench.client.register({ groupId: "orders", trigger: { type: "period", every: 1, unit: "hour" } });
    await bench.fireAt(1);
    bench.store.renewLeases = async () => {
      throw new Error("away");
    };
    const stopped = bench.tidegate.stop();
    await bench.clock.advance(60_000);
    await stopped;
    expect(bench.troubles).toContainEqual(
      expect.objectContaining({ error: expect.objectContaining({ message: "away" }) }),
    );
    await expect(bench.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });
});
