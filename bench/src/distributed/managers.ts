import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./manager.js", import.meta.url));

/** What a manager process works on. */
export interface ManagerPlan {
  readonly connectionString: string;
  readonly redisPort: number;
}

/** Managers on BullMQ and Postgres, each in a process of its own. */
export class Managers {
  readonly #processes: ChildProcess[] = [];

  async start(count: number, plan: ManagerPlan): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const child = fork(SCRIPT, [JSON.stringify(plan)], { execArgv: ["--expose-gc"] });
      this.#processes.push(child);
      await once(child, "message");
    }
  }

  /**
   * Has the first one register so many schedules of one period, their first fires spread over it from `startAt` on. Returns
   * how long that took, ms.
   *
   * @param known - how many are registered already
   */
  async register(count: number, periodMs: number, startAt: number, known = 0): Promise<number> {
    const [first] = this.#processes;
    const began = performance.now();
    first?.send({ count, periodMs, startAt, known });
    await once(first!, "message");
    return performance.now() - began;
  }

  /** Of each. */
  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid!);
  }

  /** Memory of each, bytes. */
  async memory(): Promise<number[]> {
    return Promise.all(
      this.#processes.map(async (child) => {
        child.send("memory");
        const [bytes] = await once(child, "message");
        return bytes as number;
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#processes.splice(0).map(async (child) => {
        child.kill("SIGKILL");
        await once(child, "exit");
      }),
    );
  }
}
