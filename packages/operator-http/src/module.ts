import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { HttpOperator } from "./http-operator.js";
import type { HttpOperatorOptions } from "./options.js";

/** Returns the module that adds the operator `http` to a Tidegate instance. */
export function httpOperator(options: HttpOperatorOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(new HttpOperator(options));
  });
}
