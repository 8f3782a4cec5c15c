import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type ManagerOptions } from "@tidegate/manager";
import { functionOperator } from "@tidegate/operator-function";

export const TOKEN = "a-token-of-the-tests";

/** A manager that listens. */
export interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a manager on a store in memory. Its jobs succeed, or fail if they are told to. */
export async function startManager(options: Partial<ManagerOptions> = {}): Promise<Running> {
  const jobs = functionOperator({
    load: async ({ args, lower, log }) => {
      log(`from ${lower.toISOString()}`);
      if (args.fails === true) throw new Error("The source is away.");
    },
  });
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [embeddedEngine()],
    operators: [jobs],
  });
  const manager = createManager({ tidegate, authorize: { token: TOKEN }, logger: false, ...options });
  return { url: await manager.listen(), close: () => manager.close() };
}
