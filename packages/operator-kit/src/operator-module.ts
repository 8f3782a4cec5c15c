import { TOKENS } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { ContainerModule } from "inversify";

/** Returns the module that adds an operator to a Tidegate instance. @param create - called as it is loaded */
export function operatorModule(create: () => ScheduleOperator): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(create());
  });
}
