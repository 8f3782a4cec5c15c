import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import type { JobFunctions } from "./function-job.js";
import { FunctionOperator } from "./function-operator.js";

/**
 * Brings the operator `function` to a Tidegate.
 *
 * ```ts
 * functionOperator({
 *   load: async ({ lower, upper, signal }) => {
 *     const orders = await fetchOrders(lower, upper, { signal });
 *     await replaceOrders(lower, upper, orders);
 *     return { rowsRead: orders.length, rowsWritten: orders.length };
 *   },
 * });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID when there is no function, or one that is none
 */
export function functionOperator(functions: JobFunctions): ContainerModule {
  const operator = new FunctionOperator(functions);
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(operator);
  });
}
