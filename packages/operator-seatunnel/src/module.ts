import { operatorModule } from "@tidegate/operator-kit";
import type { ContainerModule } from "inversify";
import type { SeaTunnelOperatorOptions } from "./options.js";
import { createSeaTunnelOperator } from "./seatunnel-operator.js";

/**
 * Returns the module that adds the operator `seatunnel` to a Tidegate instance.
 *
 * ```ts
 * const operator = seatunnelOperator({ url: "http://seatunnel.internal:5801" });
 * ```
 */
export function seatunnelOperator(options: SeaTunnelOperatorOptions): ContainerModule {
  return operatorModule(() => createSeaTunnelOperator(options));
}
