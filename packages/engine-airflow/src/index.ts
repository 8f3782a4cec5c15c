export * from "./airflow-engine.js";
export type { CallbackAnswer, CallbackRequest, CallbackResponse } from "./callback/callback-request.js";
export * from "./dag-factory.js";
export * from "./module.js";
export type { AirflowCallback, AirflowCredentials, AirflowEngineOptions } from "./options.js";
