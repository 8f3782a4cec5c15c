import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { EmbeddedEngine } from "./embedded-engine.js";
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
  settingsOf(options);
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue(
        (context) =>
          new EmbeddedEngine({ store: context.get(TOKENS.store), clock: context.get(TOKENS.clock), options }),
      )
      .inSingletonScope();
  });
}
