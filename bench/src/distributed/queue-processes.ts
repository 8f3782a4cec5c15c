import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./queue-process.js", import.meta.url));

/** A plain job queue on Postgres whose jobs are durably completed. */
export type QueueName = "graphile-worker" | "pg-boss";

/** Processes that each add jobs to a queue and carry them out as fast as they can. */
export class QueueProcesses {
  readonly #processes: ChildProcess[] = [];

  async start(count: number, queue: QueueName, connectionString: string): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const child = fork(SCRIPT, [queue, connectionString]);
      this.#processes.push(child);
      await once(child, "message");
    }
  }

  get pids(): number[] {
    return this.#processes.map(({ pid }) => pid!);
  }

  /** Returns how many jobs they have carried out. */
  async carriedOut(): Promise<number> {
    const counts = this.#processes.map(async (child) => {
      child.send("carried out?");
      const [count] = await once(child, "message");
      return count as number;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
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
