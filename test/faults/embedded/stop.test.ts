import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, it } from "@jest/globals";
import { Scene } from "../scene.js";
import { embeddedOverSqlite } from "./deployment.js";

/** How long the process stands still, in which several periods of one second pass. */
const STOPPED_MS = 3_500;
const GROUPS = 30;

describe("a manager that is stopped and continued by signals", () => {
  const scene = new Scene({ groups: GROUPS, seconds: 14, deployment: embeddedOverSqlite });
  afterAll(() => scene.remove());

  it("catches up on the periods that it slept through, each once", async () => {
    const manager = scene.startManager();
    for (let time = 1; time <= 2; time += 1) {
      await scene.untilSubmitted(GROUPS + 1);
      manager.kill("SIGSTOP");
      // Standing still is the fault that is injected.
      await sleep(STOPPED_MS);
      manager.kill("SIGCONT");
    }
    await scene.untilDone(manager);
    await scene.expectEachIntervalOnce();
  });
});
