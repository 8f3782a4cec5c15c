import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { until } from "@tidegate/testkit";
import { COMMON_END, chained, submissionsIn } from "../chains.js";
import { endProcess, type Point, Scene } from "../scene.js";
import { Cluster, LEASE_MS } from "./cluster.js";

const PATIENCE_MS = 180_000;
const GROUPS = 30;

/** `TIDEGATE_KILLS=200` is the long run; the default keeps the suite short. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 10);
const GATE_KILLS = Number(process.env.TIDEGATE_KILLS ?? 20);

/** An end of all groups that nobody has to be quick for: it is set when the faults have been gone through. */
const END = { grainMs: 1_000, aheadMs: 3_000 };

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
      scene = new Scene({ groups: GROUPS, deployment: cluster.patientDeployment });
      const constant = scene.startManager();
      for (let death = 0; death < 3; death += 1) {
        // The first dies the first time it gets there; the others, some time.
        const mortal = scene.startManager({ dieAt: { point, ratio: death === 0 ? 1 : 0.3 } });
        await until(() => mortal.signalCode !== null || mortal.exitCode !== null, {
          what: "it to die",
          limitMs: PATIENCE_MS,
        });
      }
      constant.send({ finish: END });
      await scene.untilDone(constant);
      expect(scene.deaths).toContain(point);
      await scene.expectEachIntervalOnce();
    },
    PATIENCE_MS,
  );

  it(
    `two die in turn while runs wait for data, ${GATE_KILLS} times: no run begins before its inputs are covered, and none is forgotten`,
    async () => {
      scene = new Scene({
        groups: GROUPS,
        settings: chained,
        deployment: cluster.deployment,
      });
      // Between covering time and waking who waits for it, before and after opening gates, and after a claim.
      const deadly: readonly (Point | undefined)[] = ["recorded", "asked", "settled", "claimed", undefined];
      const startMortal = (kill: number): ChildProcess => {
        const point = deadly[kill % deadly.length];
        const manager = scene.startManager(point === undefined ? {} : { dieAt: { point, ratio: 0.1 } });
        // The random life is the fault that is injected: anywhere between starting up and being busy.
        if (point === undefined) void sleep(500 + Math.random() * 1_500).then(() => endProcess(manager));
        return manager;
      };
      const isDead = ({ exitCode, signalCode }: ChildProcess): boolean =>
        exitCode !== null || signalCode !== null;
      const managers = [startMortal(0), startMortal(1)];
      for (let kill = 2; kill < GATE_KILLS + 2; kill += 1) {
        await until(() => managers.some(isDead), { what: "a manager to die", limitMs: PATIENCE_MS });
        managers[managers.findIndex(isDead)] = startMortal(kill);
      }
      await Promise.all(managers.map(endProcess));
      const last = [scene.startManager(), scene.startManager()];
      last[0]!.send({ finish: COMMON_END });
      for (const manager of last) await scene.untilDone(manager);
      expect([...new Set(scene.deaths)].sort()).toEqual(["asked", "claimed", "recorded", "settled"]);
      const { checked, premature } = submissionsIn(scene.records(), scene.startTime);
      expect(premature).toEqual([]);
      expect(checked).toBeGreaterThan(GROUPS);
      await scene.expectEachIntervalOnce({ mayRepeat: true });
    },
    PATIENCE_MS + GATE_KILLS * 30_000,
  );

  it(
    "one hangs for longer than its lease: the other takes over, and what it does when it wakes counts for nothing",
    async () => {
      scene = new Scene({
        groups: GROUPS,
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
      other.send({ finish: END });
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
      other.send({ finish: END });
      await scene.untilDone(cutOff);
      await scene.untilDone(other);
      await scene.expectEachIntervalOnce({ mayRepeat: true });
    },
    PATIENCE_MS,
  );
});
