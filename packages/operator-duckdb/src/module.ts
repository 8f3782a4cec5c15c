import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { DuckdbOperator } from "./duckdb-operator.js";
import type { DuckdbOperatorOptions } from "./options.js";

/** Returns the module that adds the operator `duckdb` to a Tidegate instance. */
export function duckdbOperator(options: DuckdbOperatorOptions = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(new DuckdbOperator(options));
  });
}
