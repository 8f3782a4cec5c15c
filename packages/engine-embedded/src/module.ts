import { defineEngine } from "@tidegate/core/engine";
import type { ContainerModule } from "inversify";
import { EmbeddedEngine, ENGINE_TYPE } from "./embedded-engine.js";
import { type EmbeddedEngineOptions, settingsOf } from "./options.js";

/**
 * Returns the module that adds the embedded engine, named `embedded`, to a Tidegate instance.
 *
 * ```ts
 * const engine = embeddedEngine();
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export function embeddedEngine(options: EmbeddedEngineOptions = {}): ContainerModule {
  // Reports a mistake where it is made, not when the container needs the engine.
  const settings = settingsOf(options);
  return defineEngine({
    type: ENGINE_TYPE,
    // It keeps no definitions: it fires by what is in the store.
    capabilities: { finestPeriodMs: 1, holdsDefinitions: false },
    create: (parts) => new EmbeddedEngine(parts, settings),
  });
}
