import { engineModule } from "@tidegate/engine-kit";
import type { ContainerModule } from "inversify";
import { DolphinSchedulerEngine } from "./dolphinscheduler-engine.js";
import type { DolphinSchedulerEngineOptions } from "./options.js";

/** Adds the engine on Apache DolphinScheduler, named `dolphinscheduler`, to a Tidegate. */
export function dolphinschedulerEngine(options: DolphinSchedulerEngineOptions): ContainerModule {
  return engineModule(({ clock }) => new DolphinSchedulerEngine(options, clock));
}
