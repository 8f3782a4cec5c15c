import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Fire, FireResult } from "@tidegate/core/engine";
import { messageOf } from "@tidegate/core/plugin";
import type { BullmqEngineOptions } from "../../src/index.js";

const SCRIPT = fileURLToPath(new URL("./engine-process.mjs", import.meta.url));

/** What a manager's fires come to: its ledger's answer, or nothing ever. */
export type Ledger = (fires: readonly Fire[]) => Promise<FireResult[]>;

/** Another manager, in a process of its own that can be killed. */
export class RemoteManager {
  /** How many fires it has handed over. */
  fires = 0;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(options: BullmqEngineOptions, ledger: Ledger): Promise<RemoteManager> {
    const child = fork(SCRIPT, [JSON.stringify(options)], { execArgv: [] });
    const manager = new RemoteManager(child);
    await once(child, "message");
    child.on("message", ({ id, fires }: { id: number; fires: Fire[] }) => {
      manager.fires += fires.length;
      const answer = (message: object): void => {
        if (child.connected) child.send({ id, ...message }, () => {});
      };
      ledger(fires).then(
        (results) => answer({ results }),
        (error) => answer({ error: messageOf(error) }),
      );
    });
    return manager;
  }

  /** Kills it at once; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
  }

  freeze(): void {
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
  }
}
