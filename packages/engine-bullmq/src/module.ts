import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { BullmqEngine } from "./bullmq-engine.js";
import type { BullmqEngineOptions } from "./options.js";

/**
 * Returns the module that adds the engine on BullMQ, named `bullmq`, to a Tidegate instance.
 *
 * ```ts
 * const engine = bullmqEngine({ connection: { host: "redis.internal" } });
 * ```
 */
export function bullmqEngine(options: BullmqEngineOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue((context) => new BullmqEngine(options, context.get(TOKENS.clock)))
      .inSingletonScope();
  });
}
