export { type CoverageTask, type CoverageTaskOptions, coverageTask } from "./coverage-task.js";
export { DolphinSchedulerEngine } from "./dolphinscheduler-engine.js";
export { dolphinschedulerEngine } from "./module.js";
export type { DolphinSchedulerEngineOptions } from "./options.js";
