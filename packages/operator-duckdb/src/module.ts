import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { DuckdbOperator } from "./duckdb-operator.js";
import type { DuckdbOperatorOptions } from "./options.js";

/** Brings the operator `duckdb` to a Tidegate. */
export function duckdbOperator(options: DuckdbOperatorOptions = {}): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(new DuckdbOperator(options));
  });
}
