export type { FunctionCall, FunctionJob, JobFunction, JobFunctions, JobResult } from "./function-job.js";
export { FunctionOperator } from "./function-operator.js";
export { functionOperator } from "./module.js";
