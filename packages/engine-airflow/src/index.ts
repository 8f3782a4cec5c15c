export * from "./airflow-engine.js";
export * from "./dag-factory.js";
export * from "./module.js";
export type { AirflowCallback, AirflowCredentials, AirflowEngineOptions } from "./options.js";
