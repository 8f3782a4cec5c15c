import { OperatorError } from "@tidegate/core";

/** Returns the error that rejects a job because of one of its fields. */
export function invalidJob(field: string, problem: string): OperatorError {
  return new OperatorError("JOB_INVALID", `${field}: ${problem}.`, { field });
}
