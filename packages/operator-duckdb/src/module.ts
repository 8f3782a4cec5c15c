import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import { createDuckdbOperator } from "./duckdb-operator.js";
import type { DuckdbOperatorOptions } from "./options.js";

/**
 * Returns the module that adds the operator `duckdb` to a Tidegate instance.
 *
 * ```ts
 * const operator = duckdbOperator();
 * ```
 */
export function duckdbOperator(options: DuckdbOperatorOptions = {}): ContainerModule {
  return operatorModule(() => createDuckdbOperator(options));
}
