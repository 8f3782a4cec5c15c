import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import { createFlinkOperator } from "./flink-operator.js";
import type { FlinkOperatorOptions } from "./options.js";

/**
 * Returns the module that adds the operator `flink` to a Tidegate instance.
 *
 * ```ts
 * const operator = flinkOperator({ url: "http://flink:8081", gatewayUrl: "http://flink:8083" });
 * ```
 */
export function flinkOperator(options: FlinkOperatorOptions): ContainerModule {
  return operatorModule(() => createFlinkOperator(options));
}
