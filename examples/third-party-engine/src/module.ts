import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { CronerEngine } from "./croner-engine.js";

/** Brings this engine, named `croner`, to a Tidegate. */
export function cronerEngine(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine).to(CronerEngine).inSingletonScope();
  });
}
