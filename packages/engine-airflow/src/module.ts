import { engineModule } from "@tidegate/engine-kit";
import type { ContainerModule } from "inversify";
import { AirflowEngine } from "./airflow-engine.js";
import type { AirflowEngineOptions } from "./options.js";

/** Adds the engine on Apache Airflow, named `airflow`, to a Tidegate. */
export function airflowEngine(options: AirflowEngineOptions): ContainerModule {
  return engineModule(({ clock }) => new AirflowEngine(options, clock));
}
