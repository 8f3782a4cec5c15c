import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { EmbeddedEngine, type EmbeddedEngineOptions } from "./embedded-engine.js";

/** Brings the embedded engine, named `embedded`, to a Tidegate. */
export function embeddedEngine(options: EmbeddedEngineOptions = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue(
        (context) =>
          new EmbeddedEngine({ store: context.get(TOKENS.store), clock: context.get(TOKENS.clock), options }),
      )
      .inSingletonScope();
  });
}
