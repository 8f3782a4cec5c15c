import { type ScheduleOperator, TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";

/** Returns the module that adds an operator to a Tidegate instance. @param create - called as it is loaded */
export function operatorModule(create: () => ScheduleOperator): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.operator).toConstantValue(create());
  });
}
