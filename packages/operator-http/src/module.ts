import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import { createHttpOperator } from "./http-operator.js";
import type { HttpOperatorOptions } from "./options.js";

/**
 * Returns the module that adds the operator `http` to a Tidegate instance.
 *
 * ```ts
 * const operator = httpOperator({ allow: ["jobs.internal"] });
 * ```
 */
export function httpOperator(options: HttpOperatorOptions): ContainerModule {
  return operatorModule(() => createHttpOperator(options));
}
