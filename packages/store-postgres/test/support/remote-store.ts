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

/** A store of another process, as another manager has it. `close` ends the process. */
export async function remoteStore(options: PostgresStoreOptions, namespace?: string): Promise<ScheduleStore> {
  const child = fork(SCRIPT, [JSON.stringify({ options, namespace })], {
    execArgv: [],
    serialization: "advanced",
  });
  await once(child, "message");
  const asked = new Map<number, Asked>();
  child.on("message", ({ id, answer, error }: { id: number; answer?: unknown; error?: Error }) => {
    const { resolve, reject } = asked.get(id)!;
    asked.delete(id);
    if (error === undefined) resolve(answer);
    else reject(Object.assign(new Error(error.message), error));
  });
  let count = 0;
  const call =
    (method: string) =>
    (...parameters: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        count += 1;
        asked.set(count, { resolve, reject });
        child.send({ id: count, method, parameters });
      });
  return new Proxy({ isShared: true } as ScheduleStore, {
    get: (target, name) => {
      if (name === "close") return () => end(child);
      if (name in target || typeof name !== "string" || name === "then") return Reflect.get(target, name);
      return call(name);
    },
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
