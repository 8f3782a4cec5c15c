import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { until } from "@tidegate/testkit";
import { endProcess, type Point, Scene } from "../scene.js";
import { Cluster, LEASE_MS } from "./cluster.js";

const PATIENCE_MS = 180_000;
const GROUPS = 30;

/** `TIDEGATE_KILLS=200` is the long run; the default keeps the suite short. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 10);

let cluster: Cluster;
let scene: Scene;

beforeAll(async () => {
  cluster = await Cluster.start();
}, PATIENCE_MS);

afterAll(() => cluster.dispose());

afterEach(() => scene.remove());

describe("of several managers", () => {
  it(
    `some are killed at random moments, ${KILLS} times: every interval succeeds exactly once`,
    async () => {
      scene = new Scene({ groups: GROUPS, seconds: 8 + KILLS, deployment: cluster.patientDeployment });
      const constant = scene.startManager();
      for (let kill = 0; kill < KILLS; kill += 1) {
        const manager = scene.startManager();
        // The random life is the fault that is injected: anywhere between starting up and being busy.
        await sleep(300 + Math.random() * 1_500);
        await endProcess(manager);
      }
      await scene.untilDone(constant);
      await scene.expectEachIntervalOnce();
    },
    PATIENCE_MS + KILLS * 5_000,
  );

  const points: readonly (readonly [Point, string])[] = [
    ["taken", "between taking fires and planning them"],
    ["planned", "between planning fires and telling the engine"],
    ["submitted", "between submitting a job and recording it"],
    ["unrecorded", "before it records a change of runs"],
    ["recorded", "after it has recorded a change of runs"],
  ];
  it.each(points)(
    "one dies at the point '%s', %s: every interval succeeds exactly once",
    async (point) => {
      scene = new Scene({ groups: GROUPS, seconds: 12, deployment: cluster.patientDeployment });
      const constant = scene.startManager();
      for (let death = 0; death < 3; death += 1) {
        // The first dies the first time it gets there; the others, as long as there is something left to do.
        const mortal = scene.startManager({ dieAt: { point, ratio: death === 0 ? 1 : 0.3 } });
        await until(() => mortal.signalCode !== null || mortal.exitCode !== null, {
          what: "it to die",
          limitMs: PATIENCE_MS,
        });
      }
      await scene.untilDone(constant);
      expect(scene.deaths).toContain(point);
      await scene.expectEachIntervalOnce();
    },
    PATIENCE_MS,
  );

  it(
    "one hangs for longer than its lease: the other takes over, and what it does when it wakes counts for nothing",
    async () => {
      scene = new Scene({
        groups: GROUPS,
        seconds: 20,
        conduct: { slownessMs: 300 },
        deployment: cluster.deployment,
      });
      const hanging = scene.startManager({ name: "hanging" });
      const other = scene.startManager({ name: "other" });
      await scene.untilSubmitted(GROUPS, "hanging");
      hanging.kill("SIGSTOP");
      const before = scene.submissions("other");
      // Standing still is the fault that is injected.
      await sleep(LEASE_MS + 1_000);
      await until(() => scene.submissions("other") > before, { what: "the other one to go on" });
      hanging.kill("SIGCONT");
      await scene.untilDone(hanging);
      await scene.untilDone(other);
      await scene.expectEachIntervalOnce({ mayRepeat: true });
    },
    PATIENCE_MS,
  );

  it(
    "one loses its database for longer than its lease: the other takes over, and the first goes on when it is back",
    async () => {
      scene = new Scene({
        groups: GROUPS,
        seconds: 20,
        conduct: { slownessMs: 300 },
        deployment: cluster.deployment,
      });
      const cutOff = scene.startManager({
        name: "cut-off",
        parts: { postgres: cluster.throughProxies.postgres },
      });
      const other = scene.startManager({ name: "other" });
      await scene.untilSubmitted(GROUPS, "cut-off");
      cluster.postgresProxy.sever();
      const before = scene.submissions("other");
      // Being cut off is the fault that is injected.
      await sleep(LEASE_MS + 1_000);
      await until(() => scene.submissions("other") > before, { what: "the other one to go on" });
      cluster.postgresProxy.mend();
      await scene.untilDone(cutOff);
      await scene.untilDone(other);
      await scene.expectEachIntervalOnce({ mayRepeat: true });
    },
    PATIENCE_MS,
  );
});
