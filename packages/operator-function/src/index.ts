export type {
  FunctionCall,
  FunctionJob,
  JobFunction,
  JobFunctions,
  JobResult,
  SplittableFunction,
  WholeCall,
} from "./function-job.js";
export { createFunctionOperator } from "./function-operator.js";
export { functionOperator } from "./module.js";
