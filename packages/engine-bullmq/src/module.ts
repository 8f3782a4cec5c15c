import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { BullmqEngine } from "./bullmq-engine.js";
import type { BullmqEngineOptions } from "./options.js";

/** Adds the engine on BullMQ, named `bullmq`, to a Tidegate. */
export function bullmqEngine(options: BullmqEngineOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue((context) => new BullmqEngine(options, context.get(TOKENS.clock)))
      .inSingletonScope();
  });
}
