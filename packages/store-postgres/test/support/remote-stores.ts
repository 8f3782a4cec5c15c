import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ScheduleStore } from "@tidegate/core/store";
import type { PostgresStoreOptions } from "../../src/index.js";

const SCRIPT = fileURLToPath(new URL("./store-process.mjs", import.meta.url));

interface Asked {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Stores of another process, as another manager has them. All tests share it: it starts for longer than a test takes. */
export class RemoteStores {
  readonly #child: ChildProcess = fork(SCRIPT, { execArgv: [], serialization: "advanced" });
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #opened = 0;

  constructor() {
    this.#child.on("message", ({ id, answer, error }: { id: number; answer?: unknown; error?: Error }) => {
      const { resolve, reject } = this.#asked.get(id)!;
      this.#asked.delete(id);
      if (error === undefined) resolve(answer);
      else reject(Object.assign(new Error(error.message), error));
    });
  }

  async open(options: PostgresStoreOptions, namespace?: string): Promise<ScheduleStore> {
    this.#opened += 1;
    const store = this.#opened;
    await this.#call(store, "open", [options, namespace]);
    return new Proxy({ isShared: true } as ScheduleStore, {
      get: (target, name) => {
        if (name in target || typeof name !== "string" || name === "then") return Reflect.get(target, name);
        return (...parameters: unknown[]) => this.#call(store, name, parameters);
      },
    });
  }

  /** Ends the process. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }

  #call(store: number, method: string, parameters: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#count += 1;
      this.#asked.set(this.#count, { resolve, reject });
      this.#child.send({ id: this.#count, store, method, parameters });
    });
  }
}
