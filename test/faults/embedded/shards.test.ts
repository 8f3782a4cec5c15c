import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "@jest/globals";
import { endProcess, Scene } from "../scene.js";
import { embeddedOverSqlite } from "./deployment.js";

/** `TIDEGATE_KILLS=1000` is the long run; the default keeps the suite short. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 20);
const LONGEST_LIFE_MS = 800;
const SHORTEST_LIFE_MS = 150;
const SECONDS = Math.ceil((KILLS * (LONGEST_LIFE_MS + SHORTEST_LIFE_MS)) / 2 / 1_000) + 5;

describe(`a manager that is killed ${KILLS} times with shards under way`, () => {
  const scene = new Scene({
    groups: 20,
    seconds: SECONDS,
    conduct: { longestJobMs: 500, losesJob: 0.05, losesMerge: 0.05 },
    settings: (index) => ({
      overlap: (["coalesce-pending", "allow", "queue"] as const)[index % 3]!,
      engineGraceMs: 2_000,
      shards: { target: 4, maxAttempts: 2, onFailure: index % 2 === 0 ? "finish-others" : "fail-fast" },
    }),
    deployment: embeddedOverSqlite,
  });
  afterAll(() => scene.remove());

  it(
    "has every shard succeed exactly once, and publishes each run whole",
    async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const manager = scene.startManager();
        // The random life is the fault that is injected: anywhere between starting up and being busy.
        await sleep(SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS));
        await endProcess(manager);
      }
      await scene.untilDone(scene.startManager());
      await scene.expectEachIntervalOnce();
      const shards = new Map<string, Set<string>>();
      for (const { event, state, runId, shard } of scene.records()) {
        if (event !== "ended" || state !== "SUCCEEDED") continue;
        shards.set(runId, (shards.get(runId) ?? new Set()).add(shard!.key));
      }
      expect(new Set(scene.published.map(({ runId }) => runId))).toEqual(new Set(shards.keys()));
      for (const { runId, published } of scene.published) {
        expect({ runId, published }).toEqual({ runId, published: [...(shards.get(runId) ?? [])].sort() });
      }
    },
    120_000 + KILLS * 5_000,
  );
});
