import { describe, expect, it } from "@jest/globals";
import { Container, ContainerModule } from "inversify";
import type { FireSink } from "../../src/engine/engine.js";
import { tidegateModule } from "../../src/wiring/core-module.js";
import { type Service, startAll, stopAll } from "../../src/wiring/service.js";
import { Tidegate } from "../../src/wiring/tidegate.js";
import { TOKENS } from "../../src/wiring/tokens.js";
import { HOUR, T0 } from "../support/instants.js";
import { ManualEngine } from "../support/manual-engine.js";
import { hourly } from "../support/schedules.js";
import { World } from "../support/world.js";

/** Services that note what becomes of them; those named in `failing` fail at it. */
function services(failing: readonly string[] = []) {
  const log: string[] = [];
  const step = (what: string) => {
    log.push(what);
    if (failing.includes(what)) throw new Error(`${what} fails`);
  };
  const all: Service[] = ["store", "planner", "engine"].map((name) => ({
    start: async () => step(`start ${name}`),
    stop: () => step(`stop ${name}`),
  }));
  return { all, log };
}

describe("services", () => {
  it("start in order, and stop in reverse", async () => {
    const { all, log } = services();
    await startAll(all);
    await stopAll(all);
    expect(log).toEqual([
      ...["start store", "start planner", "start engine"],
      ...["stop engine", "stop planner", "stop store"],
    ]);
  });

  it("that have begun are stopped if one cannot start, which explains itself, and no others", async () => {
    const { all, log } = services(["start planner", "stop planner"]);
    await expect(startAll(all)).rejects.toThrow("start planner fails");
    expect(log).toEqual(["start store", "start planner", "stop planner", "stop store"]);
  });

  it("are all stopped even if two cannot be, and the first that failed is reported", async () => {
    const { all, log } = services(["stop engine", "stop planner"]);
    await expect(stopAll(all)).rejects.toThrow("stop engine fails");
    expect(log).toEqual(["stop engine", "stop planner", "stop store"]);
  });
});

describe("a sink of one's own", () => {
  it("receives the fires of engines and callbacks, and passes them on", async () => {
    const world = new World();
    const seen: string[] = [];
    const container = new Container();
    container.load(
      tidegateModule({}, world.clock),
      new ContainerModule(({ bind }) => {
        bind(TOKENS.store).toConstantValue(world.store);
        bind(TOKENS.engine).toConstantValue(world.engine);
        bind(TOKENS.operator).toConstantValue(world.operator);
      }),
    );
    const tidegate = new Tidegate(container);
    const planner = container.get(TOKENS.fireSink);
    const sink: FireSink = {
      fire: (fires) => {
        seen.push(...fires.map(({ groupId }) => groupId));
        return planner.fire(fires);
      },
    };
    (await container.rebind(TOKENS.fireSink)).toConstantValue(sink);
    await tidegate.start();
    for (const groupId of ["fired", "called"]) await tidegate.client.register(hourly(groupId));
    await world.clock.advanceTo(T0 + HOUR);
    await world.engine.fire("fired", T0 + HOUR);
    const taken = await tidegate.intake.take({ engine: "any", groupId: "called" });
    expect(taken.duplicate).toBe(false);
    expect(seen).toEqual(["fired", "called"]);
    await tidegate.stop();
  });

  it("may be injected into an engine, which then fires without being started", async () => {
    const world = new World();
    let injected: FireSink | undefined;
    const container = new Container();
    container.load(
      tidegateModule({}, world.clock),
      new ContainerModule(({ bind }) => {
        bind(TOKENS.store).toConstantValue(world.store);
        bind(TOKENS.operator).toConstantValue(world.operator);
        bind(TOKENS.engine)
          .toDynamicValue((context) => {
            injected = context.get(TOKENS.fireSink);
            return new ManualEngine();
          })
          .inSingletonScope();
      }),
    );
    const tidegate = new Tidegate(container);
    await tidegate.start();
    await tidegate.client.register(hourly("orders"));
    await world.clock.advanceTo(T0 + HOUR);
    const [result] = await injected!.fire([{ groupId: "orders", scheduledTime: T0 + HOUR }]);
    expect(result).toMatchObject({ outcome: "planned" });
    await tidegate.stop();
  });
});
