import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import type { JobFunctions } from "./function-job.js";
import { createFunctionOperator } from "./function-operator.js";
import { checkFunctions } from "./options.js";

/**
 * Returns the module that adds the operator `function` to a Tidegate instance.
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
 * @throws ConfigurationError CONFIGURATION_INVALID when there is no function, or one is not a function
 */
export function functionOperator(functions: JobFunctions): ContainerModule {
  // A mistake is reported where it is made, not when the module is loaded.
  checkFunctions(functions);
  return operatorModule(() => createFunctionOperator(functions));
}
