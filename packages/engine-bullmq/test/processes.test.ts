import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Fire } from "@tidegate/core/engine";
import { until } from "@tidegate/testkit";
import { BullmqEngine, type BullmqEngineOptions } from "../src/index.js";
import { Bed } from "./support/bed.js";
import { RemoteManager } from "./support/remote-manager.js";
import { SCENES, type Scene } from "./support/scenes.js";

describe.each(SCENES)("on %s", (_, startScene) => {
  let scene: Scene;
  let count = 0;
  let options: BullmqEngineOptions;
  let bed: Bed;
  const managers: RemoteManager[] = [];

  beforeAll(async () => {
    scene = await startScene();
  }, 180_000);

  afterAll(() => scene.server.dispose());

  beforeEach(() => {
    count += 1;
    options = {
      connection: scene.connection,
      prefix: `processes_${count}`,
      batchSize: 5,
      concurrency: 1,
      leaseMs: 2_000,
      // A busy machine may take its time.
      commandTimeoutMs: 60_000,
    };
    bed = new Bed(new BullmqEngine(options));
  });

  afterEach(async () => {
    await Promise.all(managers.splice(0).map((manager) => manager.kill()));
    await bed.tidegate.stop();
  });

  async function anotherManager(
    ledger = (fires: readonly Fire[]) => bed.sink.fire(fires),
  ): Promise<RemoteManager> {
    const manager = await RemoteManager.start(options, ledger);
    managers.push(manager);
    return manager;
  }

  describe("several managers", () => {
    it("share the firing", async () => {
      await bed.tidegate.start();
      const others = [await anotherManager(), await anotherManager()];
      await bed.register(60);
      await bed.untilEachRan(5);
      await until(() => others.every(({ fires }) => fires > 0), { what: "a fire of each" });
      await bed.expectEachIntervalOnce();
    });

    it("register and unregister for each other", async () => {
      await bed.tidegate.start();
      await anotherManager();
      const stranger = new BullmqEngine(options);
      await bed.register(3);
      await bed.untilEachRan(1);
      const listed: string[] = [];
      for await (const { groupId } of stranger.list()) listed.push(groupId);
      expect(listed).toEqual(["group-0", "group-1", "group-2"]);
      await stranger.stop();
      await bed.expectEachIntervalOnce();
    });
  });

  describe("a manager that is killed", () => {
    it("between taking fires and planning them loses none", async () => {
      await bed.tidegate.start();
      const taken: Fire[] = [];
      await anotherManager((fires) => {
        taken.push(...fires);
        return new Promise(() => {});
      });
      await bed.register(60);
      await until(() => taken.length > 0, { what: "fires to be taken" });
      await managers[0]!.kill();
      const lost = taken.map(({ groupId }) => groupId);
      await until(() => lost.every((groupId) => bed.operator.countOf(groupId) > 0), {
        what: "them to be fired",
      });
      await bed.untilEachRan(2);
      await bed.expectEachIntervalOnce();
    });

    it("while it looks for what is due is replaced", async () => {
      const ticker = await anotherManager();
      await bed.tidegate.start();
      await bed.register(10);
      await bed.untilEachRan(2);
      await ticker.kill();
      await bed.untilEachRan(2);
      await bed.expectEachIntervalOnce();
    });

    it("and another, and another, at any moment, loses nothing", async () => {
      await bed.tidegate.start();
      await bed.register(60);
      for (let round = 0; round < 8; round += 1) {
        const manager = await anotherManager();
        await until(() => manager.fires > 0, { what: "it to fire" });
        // Any moment of its work: another one in each round.
        await sleep(round * 37);
        await manager.kill();
      }
      await bed.untilEachRan(4);
      await bed.expectEachIntervalOnce();
    });

    it("leaves nothing behind on the server", async () => {
      await bed.tidegate.start();
      await anotherManager(() => new Promise(() => {}));
      await bed.register(60);
      await until(() => managers[0]!.fires > 0, { what: "fires to be taken" });
      let active: string[] = [];
      const isBegun = async (): Promise<boolean> => {
        active = await scene.begunCalls(options.prefix!);
        return active.length > 0;
      };
      await until(isBegun, { what: "a call to be begun" });
      await managers[0]!.kill();
      await until(async () => (await scene.countCalls(options.prefix!, active)) === 0, {
        what: "its jobs to be cleared away",
      });
      await bed.untilEachRan(2);
      await bed.expectEachIntervalOnce();
    });
  });

  describe("a manager that hangs", () => {
    it("and wakes up when its fires were taken by others changes nothing", async () => {
      await bed.tidegate.start();
      const other = await anotherManager();
      await bed.register(60);
      await until(() => other.fires > 0, { what: "it to fire" });
      other.freeze();
      await bed.untilEachRan(5);
      other.thaw();
      await bed.untilEachRan(3);
      await bed.expectEachIntervalOnce();
    });
  });
});
