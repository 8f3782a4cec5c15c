import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "@jest/globals";
import { until } from "@tidegate/testkit";
import { Scene } from "./scene.js";

/** How long the process stands still, in which several periods of one second pass. */
const STOPPED_MS = 3_500;
const GROUPS = 30;

describe("a manager that is stopped and continued by signals", () => {
  const scene = new Scene({ groups: GROUPS, seconds: 14 });
  afterAll(() => scene.remove());

  it("catches up on the periods that it slept through, each once", async () => {
    const manager = scene.startManager();
    const exited = once(manager, "exit");
    for (let time = 1; time <= 2; time += 1) {
      const before = scene.submissions;
      await until(() => scene.submissions > before + GROUPS, { what: "a period to be submitted" });
      manager.kill("SIGSTOP");
      // Standing still is the fault that is injected.
      await sleep(STOPPED_MS);
      manager.kill("SIGCONT");
    }
    const [code] = (await exited) as [number];
    expect(code).toBe(0);
    await scene.expectEachIntervalOnce();
  }, 120_000);
});
