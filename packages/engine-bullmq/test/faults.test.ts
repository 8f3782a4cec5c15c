import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { until } from "@tidegate/testkit";
import { BullmqEngine } from "../src/index.js";
import { Bed } from "./support/bed.js";
import { SCENES, type Scene } from "./support/scenes.js";

/** Long enough for any answer of a busy machine: a server that is dead refuses at once. */
const PATIENCE_MS = 60_000;

/** For a server that hangs. */
const SHORT_MS = 1_000;

describe.each(SCENES)("on %s", (name, startScene) => {
  let scene: Scene;
  let bed: Bed | undefined;

  beforeEach(async () => {
    scene = await startScene();
  }, 180_000);

  afterEach(async () => {
    scene.server.thaw();
    await bed?.tidegate.stop();
    bed = undefined;
    await scene.server.dispose();
  });

  function bedOn({ connection }: Scene, reconcileEveryMs?: number, commandTimeoutMs = PATIENCE_MS): Bed {
    const engine = new BullmqEngine({ connection, commandTimeoutMs });
    bed = new Bed(engine, reconcileEveryMs);
    return bed;
  }

  describe("a server that is killed", () => {
    it("and comes back with what it kept on disk goes on as it was", async () => {
      const running = bedOn(scene);
      await running.tidegate.start();
      await running.register(20);
      await running.untilEachRan(3);
      await scene.server.kill();
      // An outage that takes some time: fires become due meanwhile.
      await sleep(3_000);
      await scene.server.startAgain();
      await running.untilEachRan(6);
      expect(running.troubles).not.toEqual([]);
      await running.expectEachIntervalOnce();
    });

    it("again and again loses nothing", async () => {
      const running = bedOn(scene);
      await running.tidegate.start();
      await running.register(20);
      await running.untilEachRan(3);
      for (let round = 0; round < 3; round += 1) {
        await scene.server.kill();
        await scene.server.startAgain();
        await running.untilEachRan(2);
      }
      await running.expectEachIntervalOnce();
    });

    it("and comes back empty is filled again at once, long before the reconciler's next pass", async () => {
      const running = bedOn(scene);
      await running.tidegate.start();
      await running.register(20);
      await running.untilEachRan(2);
      await scene.comeBackEmpty("tidegate");
      await until(() => running.repairs.length > 0, { what: "the repair" });
      expect(running.repairs[0]).toMatchObject({ registered: 20, updated: 0, removed: 0 });
      await running.untilEachRan(4);
      await running.expectEachIntervalOnce();
    });
  });

  describe("a server that does not answer", () => {
    it("holds up no handler: what was registered meanwhile is FAILED, and REGISTERED when it answers", async () => {
      const running = bedOn(scene, 1_000, SHORT_MS);
      await running.tidegate.start();
      await running.register(10);
      await running.untilEachRan(2);
      await scene.server.freeze();
      await running.register(1, "late");
      const { status, statusReason } = await running.tidegate.client.get("late-0");
      expect({ status, statusReason }).toMatchObject({
        status: "FAILED",
        statusReason: expect.stringContaining(`${name} has not answered`),
      });
      await sleep(3_000);
      scene.server.thaw();
      await until(async () => (await running.tidegate.client.get("late-0")).status === "REGISTERED");
      await running.untilEachRan(5);
      await running.expectEachIntervalOnce();
    });

    it("does not hold up `stop`", async () => {
      const running = bedOn(scene, 1_000, SHORT_MS);
      await running.tidegate.start();
      await running.register(5);
      await running.untilEachRan(1);
      await scene.server.freeze();
      await running.tidegate.stop();
    });
  });

  describe("a server that is not there", () => {
    it("at start is waited for in the background, and told of", async () => {
      await scene.server.kill();
      const running = bedOn(scene, 1_000);
      await running.tidegate.start();
      await running.register(5);
      expect(await running.tidegate.client.get("group-0")).toMatchObject({ status: "FAILED" });
      expect(running.troubles.map(({ where }) => where)).toContain("engine");
      await scene.server.startAgain();
      await running.untilEachRan(4);
      await until(async () => (await running.tidegate.client.get("group-0")).status === "REGISTERED");
      await running.expectEachIntervalOnce();
    });

    it("does not hold up `stop`", async () => {
      const running = bedOn(scene);
      await running.tidegate.start();
      await scene.server.kill();
      await running.tidegate.stop();
    });
  });
});
