import { engineModule } from "@tidegate/engine-kit";
import type { ContainerModule } from "inversify";
import { AirflowEngine } from "./airflow-engine.js";
import type { AirflowEngineOptions } from "./options.js";

/**
 * Returns the module that adds the engine on Apache Airflow, named `airflow`, to a Tidegate instance.
 *
 * ```ts
 * const engine = airflowEngine({
 *   url: "https://airflow.internal",
 *   username: "tidegate",
 *   password: process.env.AIRFLOW_PASSWORD!,
 *   callback: {
 *     url: "https://manager.internal/engines/airflow/callbacks",
 *     secret: process.env.CALLBACK_SECRET!,
 *   },
 * });
 * ```
 */
export function airflowEngine(options: AirflowEngineOptions): ContainerModule {
  return engineModule(({ clock }) => new AirflowEngine(options, clock));
}
