import { OperatorError } from "@tidegate/core";

/** The refusal of a job for one of its fields. */
export function invalidJob(field: string, problem: string): OperatorError {
  return new OperatorError("JOB_INVALID", `${field}: ${problem}.`, { field });
}
