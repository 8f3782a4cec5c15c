import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import { createFlinkOperator } from "./flink-operator.js";
import type { FlinkOperatorOptions } from "./options.js";

/** Returns the module that adds the operator `flink` to a Tidegate instance. */
export function flinkOperator(options: FlinkOperatorOptions): ContainerModule {
  return operatorModule(() => createFlinkOperator(options));
}
