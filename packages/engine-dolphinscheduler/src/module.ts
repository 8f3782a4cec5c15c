import { engineModule } from "@tidegate/engine-kit";
import type { ContainerModule } from "inversify";
import { DolphinSchedulerEngine } from "./dolphinscheduler-engine.js";
import type { DolphinSchedulerEngineOptions } from "./options.js";

/**
 * Returns the module that adds the engine on Apache DolphinScheduler, named `dolphinscheduler`, to a Tidegate
 * instance.
 *
 * ```ts
 * const engine = dolphinschedulerEngine({
 *   url: "https://dolphin.internal:12345/dolphinscheduler",
 *   token: process.env.DOLPHIN_TOKEN!,
 *   callback: { url: "https://manager.internal/engines/dolphinscheduler/callbacks" },
 * });
 * ```
 */
export function dolphinschedulerEngine(options: DolphinSchedulerEngineOptions): ContainerModule {
  return engineModule(({ clock }) => new DolphinSchedulerEngine(options, clock));
}
