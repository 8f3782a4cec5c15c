import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { FlinkOperator } from "./flink-operator.js";
import type { FlinkOperatorOptions } from "./options.js";

/** Returns the module that adds the operator `flink` to a Tidegate instance. */
export function flinkOperator(options: FlinkOperatorOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(new FlinkOperator(options));
  });
}
