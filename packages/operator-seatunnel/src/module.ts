import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import type { SeaTunnelOperatorOptions } from "./options.js";
import { SeaTunnelOperator } from "./seatunnel-operator.js";

/** Returns the module that adds the operator `seatunnel` to a Tidegate instance. */
export function seatunnelOperator(options: SeaTunnelOperatorOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(new SeaTunnelOperator(options));
  });
}
