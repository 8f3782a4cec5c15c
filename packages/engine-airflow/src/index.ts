export { AirflowEngine } from "./airflow-engine.js";
export { coverageSensorFile, dagFactoryFile } from "./dag-factory.js";
export { airflowEngine } from "./module.js";
export type { AirflowCallback, AirflowCredentials, AirflowEngineOptions } from "./options.js";
