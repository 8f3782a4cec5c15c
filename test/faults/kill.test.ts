import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { SqliteStore } from "@tidegate/store-sqlite";

/** `TIDEGATE_KILLS=200` is the long run; the default keeps the suite short. */
const KILLS = Number(process.env.TIDEGATE_KILLS ?? 20);
const GROUPS = 100;
const LONGEST_LIFE_MS = 1_500;
const SHORTEST_LIFE_MS = 150;
const SECONDS = Math.ceil((KILLS * (LONGEST_LIFE_MS + SHORTEST_LIFE_MS)) / 2 / 1_000) + 5;

const directory = mkdtempSync(join(tmpdir(), "tidegate-kill-"));
const startAt = Math.ceil(Date.now() / 1_000) * 1_000;
const endAt = startAt + SECONDS * 1_000;

function startManager(): ChildProcess {
  const plan = { directory, groups: GROUPS, startAt, endAt, troubleRatio: 0.1 };
  return fork(fileURLToPath(new URL("./manager.mjs", import.meta.url)), [JSON.stringify(plan)], {
    execArgv: [],
  });
}

function lines(name: string): string[] {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

describe(`a manager that is killed ${KILLS} times at random moments`, () => {
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it(
    "has every interval succeed exactly once",
    async () => {
      for (let kill = 0; kill < KILLS; kill += 1) {
        const manager = startManager();
        const exited = once(manager, "exit");
        // The random life is the fault that is injected: anywhere between starting up and being busy.
        await new Promise((resolve) =>
          setTimeout(resolve, SHORTEST_LIFE_MS + Math.random() * (LONGEST_LIFE_MS - SHORTEST_LIFE_MS)),
        );
        manager.kill("SIGKILL");
        await exited;
      }
      const last = startManager();
      const [code] = (await once(last, "exit")) as [number];
      expect(code).toBe(0);

      const store = new SqliteStore({ path: join(directory, "tidegate.db") });
      await store.open();
      let runs = 0;
      for (let index = 0; index < GROUPS; index += 1) {
        const [range, ...others] = await store.coverage(`group-${index}`);
        expect(others).toEqual([]);
        expect(range).toMatchObject({ state: "SUCCEEDED", lower: startAt, upper: endAt, intervals: SECONDS });
        runs += range!.runs;
      }
      await store.close();

      expect(lines("doubled.log")).toEqual([]);
      expect(readdirSync(join(directory, "effects"))).toHaveLength(runs);
      const keys = new Map<string, Set<string>>();
      for (const line of lines("submissions.log")) {
        const [groupId, lower, upper, key] = line.split(" ");
        const interval = `${groupId} ${lower} ${upper}`;
        keys.set(interval, (keys.get(interval) ?? new Set()).add(key!));
      }
      expect([...keys.values()].filter((used) => used.size !== 1)).toEqual([]);
      expect(keys.size).toBe(runs);
    },
    120_000 + KILLS * 5_000,
  );
});
