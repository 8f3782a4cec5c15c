export * from "./dolphinscheduler-engine.js";
export * from "./module.js";
export type { DolphinSchedulerEngineOptions } from "./options.js";
