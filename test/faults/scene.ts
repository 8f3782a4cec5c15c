import { type ChildProcess, fork } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import { SqliteStore } from "@tidegate/store-sqlite";

const MANAGER = fileURLToPath(new URL("./manager.mjs", import.meta.url));

/** Managers of the same schedules, one after the other, over one directory with the store and the traces of all jobs. */
export class Scene {
  readonly #directory = mkdtempSync(join(tmpdir(), "tidegate-faults-"));
  readonly #groups: number;
  readonly #seconds: number;
  readonly #startAt = Math.ceil(Date.now() / 1_000) * 1_000;

  /** Each group has a schedule of one second that ends after so many. */
  constructor({ groups, seconds }: { readonly groups: number; readonly seconds: number }) {
    this.#groups = groups;
    this.#seconds = seconds;
  }

  /** A manager in a process of its own; it ends by itself with 0 when all schedules are complete. */
  startManager(): ChildProcess {
    const plan = {
      directory: this.#directory,
      groups: this.#groups,
      startAt: this.#startAt,
      endAt: this.#startAt + this.#seconds * 1_000,
      troubleRatio: 0.1,
    };
    return fork(MANAGER, [JSON.stringify(plan)], { execArgv: [] });
  }

  /** How many jobs have been submitted so far. */
  get submissions(): number {
    return this.#lines("submissions.log").length;
  }

  /** Fails unless the ledger and the traces agree that every interval had its effect exactly once, under one key. */
  async expectEachIntervalOnce(): Promise<void> {
    const runs = await this.#expectLedgerComplete();
    expect(this.#lines("doubled.log")).toEqual([]);
    expect(readdirSync(join(this.#directory, "effects"))).toHaveLength(runs);
    const keys = new Map<string, Set<string>>();
    for (const line of this.#lines("submissions.log")) {
      const [groupId, lower, upper, key] = line.split(" ");
      const interval = `${groupId} ${lower} ${upper}`;
      keys.set(interval, (keys.get(interval) ?? new Set()).add(key!));
    }
    expect([...keys.values()].filter((used) => used.size !== 1)).toEqual([]);
    expect(keys.size).toBe(runs);
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** One succeeded range for each group, from start to end. Returns how many runs there are. */
  async #expectLedgerComplete(): Promise<number> {
    const store = new SqliteStore({ path: join(this.#directory, "tidegate.db") });
    await store.open();
    const lower = this.#startAt;
    const upper = lower + this.#seconds * 1_000;
    let runs = 0;
    for (let index = 0; index < this.#groups; index += 1) {
      const [range, ...others] = await store.coverage(`group-${index}`);
      expect(others).toEqual([]);
      expect(range).toMatchObject({ state: "SUCCEEDED", lower, upper, intervals: this.#seconds });
      runs += range!.runs;
    }
    await store.close();
    return runs;
  }

  #lines(name: string): string[] {
    const path = join(this.#directory, name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
  }
}
