import { TOKENS } from "@tidegate/core";
import { ContainerModule } from "inversify";
import { AirflowEngine } from "./airflow-engine.js";
import type { AirflowEngineOptions } from "./options.js";

/** Brings the engine on Apache Airflow, named `airflow`, to a Tidegate. */
export function airflowEngine(options: AirflowEngineOptions): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(TOKENS.engine)
      .toDynamicValue(() => new AirflowEngine(options))
      .inSingletonScope();
  });
}
