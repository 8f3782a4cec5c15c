import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, it } from "@jest/globals";
import { endProcess, Scene } from "../scene.js";
import { embeddedOverSqlite } from "./deployment.js";

/** `TIDEGATE_KILLS=200` is the long run; the default keeps the suite short. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 20);
const LONGEST_LIFE_MS = 1_500;
const SHORTEST_LIFE_MS = 150;
const SECONDS = Math.ceil((KILLS * (LONGEST_LIFE_MS + SHORTEST_LIFE_MS)) / 2 / 1_000) + 5;

describe(`a manager that is killed ${KILLS} times at random moments`, () => {
  const scene = new Scene({ groups: 100, seconds: SECONDS, deployment: embeddedOverSqlite });
  afterAll(() => scene.remove());

  it(
    "has every interval succeed exactly once",
    async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const manager = scene.startManager();
        // The random life is the fault that is injected: anywhere between starting up and being busy.
        await sleep(SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
        await endProcess(manager);
      }
      await scene.untilDone(scene.startManager());
      await scene.expectEachIntervalOnce();
    },
    120_000 + KILLS * 5_000,
  );
});
