import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";
import type { ScheduleStore } from "@tidegate/core";
import { until } from "@tidegate/testkit";

const MANAGER = fileURLToPath(new URL("./manager.mjs", import.meta.url));

/** Longer than any work of a scene takes. */
const PATIENCE_MS = 120_000;

/** Where in its work a manager kills itself. */
export type Point = "taken" | "planned" | "submitted" | "unrecorded" | "recorded";

/** What managers are made of, and how a test looks into their ledger. */
export interface Deployment {
  /** Options of their parts, as `manager.mjs` reads them. */
  readonly parts: object;
  readonly openStore: () => Promise<ScheduleStore>;
}

export interface SceneOptions {
  /** Each group has a schedule of one second that ends after so many. */
  readonly groups: number;
  readonly seconds: number;
  /** How long a job takes at the most, twice, ms. @default 50 */
  readonly slownessMs?: number;
  /** Of a directory that is the scene's. */
  readonly deployment: (directory: string) => Deployment;
}

/** Managers of the same schedules over one directory with the traces of all jobs. */
export class Scene {
  readonly #directory = mkdtempSync(join(tmpdir(), "tidegate-faults-"));
  readonly #options: SceneOptions;
  readonly #deployment: Deployment;
  readonly #startAt = Math.ceil(Date.now() / 1_000) * 1_000;
  readonly #managers: ChildProcess[] = [];

  constructor(options: SceneOptions) {
    this.#options = options;
    this.#deployment = options.deployment(this.#directory);
  }

  /** A manager in a process of its own; it ends by itself with 0 when all schedules are complete. */
  startManager({
    name = `manager-${this.#managers.length}`,
    parts = {},
    dieAt,
  }: {
    readonly name?: string;
    /** In the place of the deployment's. */
    readonly parts?: object;
    readonly dieAt?: { readonly point: Point; readonly ratio: number };
  } = {}): ChildProcess {
    const { groups, seconds, slownessMs = 50 } = this.#options;
    const plan = {
      directory: this.#directory,
      name,
      groups,
      startAt: this.#startAt,
      endAt: this.#startAt + seconds * 1_000,
      troubleRatio: 0.1,
      slownessMs,
      parts: { ...this.#deployment.parts, ...parts },
      dieAt,
    };
    const manager = fork(MANAGER, [JSON.stringify(plan)], { execArgv: [] });
    this.#managers.push(manager);
    return manager;
  }

  /** How many jobs have been submitted so far, of all managers or one. */
  submissions(name?: string): number {
    const lines = this.#lines("submissions.log");
    return name === undefined ? lines.length : lines.filter((line) => line.endsWith(` ${name}`)).length;
  }

  /** At which points managers have killed themselves. */
  get deaths(): string[] {
    return this.#lines("deaths.log");
  }

  /** Waits until so many more jobs were submitted. */
  async untilSubmitted(more: number, name?: string): Promise<void> {
    const wanted = this.submissions(name) + more;
    await until(() => this.submissions(name) >= wanted, {
      what: `${more} more submissions`,
      limitMs: PATIENCE_MS,
    });
  }

  /** Waits until a manager has ended by itself. */
  async untilDone(manager: ChildProcess): Promise<void> {
    if (manager.exitCode === null && manager.signalCode === null) await once(manager, "exit");
    expect(manager.exitCode).toBe(0);
  }

  /**
   * Fails unless the ledger and the traces agree that every interval had its effect exactly once, under one key.
   *
   * @param mayRepeat - a job may be submitted once more while its first submission hangs; its key then keeps it from having its
   *   effect twice
   */
  async expectEachIntervalOnce({ mayRepeat = false } = {}): Promise<void> {
    const runs = await this.#expectLedgerComplete();
    if (!mayRepeat) expect(this.#lines("doubled.log")).toEqual([]);
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

  /** Ends what still runs and removes the directory. */
  async remove(): Promise<void> {
    await Promise.all(this.#managers.map(endProcess));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** One succeeded range for each group, from start to end. Returns how many runs there are. */
  async #expectLedgerComplete(): Promise<number> {
    const store = await this.#deployment.openStore();
    const lower = this.#startAt;
    const upper = lower + this.#options.seconds * 1_000;
    let runs = 0;
    for (let index = 0; index < this.#options.groups; index += 1) {
      const [range, ...others] = await store.coverage(`group-${index}`);
      expect(others).toEqual([]);
      expect(range).toMatchObject({ state: "SUCCEEDED", lower, upper, intervals: this.#options.seconds });
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

/** Kills a process as a power cut does; resolves when it is gone. */
export async function endProcess(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, "exit");
  process.kill("SIGKILL");
  await exited;
}
