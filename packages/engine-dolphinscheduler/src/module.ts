import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { DolphinSchedulerEngine } from "./dolphinscheduler-engine.js";
import type { DolphinSchedulerEngineOptions } from "./options.js";

/** Brings the engine on Apache DolphinScheduler, named `dolphinscheduler`, to a Tidegate. */
export function dolphinschedulerEngine(options: DolphinSchedulerEngineOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue((context) => new DolphinSchedulerEngine(options, context.get(TOKENS.clock)))
      .inSingletonScope();
  });
}
